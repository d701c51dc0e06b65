/** Cloud Run takes no tag of more than 46 characters, https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration#tags. */
const MAX_LENGTH = 46;

/** Whether these bytes are a name as Cloud Run has them for tags: lower-case letters, digits and hyphens behind a letter. */
export function isTag(pointer: usize, size: i32): bool {
  if (size < 1 || size > MAX_LENGTH || !isLetter(load<u8>(pointer))) return false;
  for (let i = 1; i < size; i++) {
    const c = load<u8>(pointer + i);
    if (!isLetter(c) && !(c >= 0x30 && c <= 0x39) && c != 0x2d) return false;
  }
  return true;
}

function isLetter(c: u8): bool { return c >= 0x61 && c <= 0x7a; }

// A JSON reader that answers every input with a value or null. Library parsers throw, and a throw is a dead VM.

export enum JsonKind { Null, Boolean, Number, String, Array, Object }

export class JsonValue {
  text: string = "";
  number: f64 = 0;
  /** Names of an object's members, in order; the values are in `items`. */
  names: string[] = [];
  items: JsonValue[] = [];
  constructor(public kind: JsonKind) {}

  /** The object's member, or null. Of duplicates the last counts, as in ECMA-262. */
  member(name: string): JsonValue | null {
    for (let i = this.names.length - 1; i >= 0; i--) {
      if (this.names[i] == name) return this.items[i];
    }
    return null;
  }
}

/** Reads a whole text (RFC 8259), nested at most 32 deep. */
export function parseJson(text: string): JsonValue | null {
  const reader = new JsonReader(text);
  const value = reader.value(0);
  if (value === null) return null;
  reader.space();
  return reader.atEnd() ? value : null;
}

const MAX_DEPTH = 32;

class JsonReader {
  private at: i32 = 0;
  constructor(private text: string) {}

  atEnd(): bool { return this.at >= this.text.length; }

  space(): void {
    while (true) {
      const c = this.peek();
      if (c != 0x20 && c != 0x09 && c != 0x0a && c != 0x0d) return;
      this.at++;
    }
  }

  value(depth: i32): JsonValue | null {
    if (depth > MAX_DEPTH) return null;
    this.space();
    const c = this.peek();
    if (c == 0x7b) return this.object(depth);
    if (c == 0x5b) return this.array(depth);
    if (c == 0x22) {
      const text = this.string();
      if (text === null) return null;
      const value = new JsonValue(JsonKind.String);
      value.text = text;
      return value;
    }
    if (c == 0x74) return this.word("true", JsonKind.Boolean, 1);
    if (c == 0x66) return this.word("false", JsonKind.Boolean, 0);
    if (c == 0x6e) return this.word("null", JsonKind.Null, 0);
    return this.numeral();
  }

  private peek(): i32 {
    return this.at < this.text.length ? this.text.charCodeAt(this.at) : -1;
  }

  private take(c: i32): bool {
    if (this.peek() != c) return false;
    this.at++;
    return true;
  }

  private word(word: string, kind: JsonKind, number: f64): JsonValue | null {
    if (this.text.substr(this.at, word.length) != word) return null;
    this.at += word.length;
    const value = new JsonValue(kind);
    value.number = number;
    return value;
  }

  private object(depth: i32): JsonValue | null {
    const value = new JsonValue(JsonKind.Object);
    this.at++;
    this.space();
    if (this.take(0x7d)) return value;
    while (true) {
      this.space();
      const name = this.string();
      if (name === null) return null;
      this.space();
      if (!this.take(0x3a)) return null;
      const item = this.value(depth + 1);
      if (item === null) return null;
      value.names.push(name);
      value.items.push(item);
      this.space();
      if (this.take(0x2c)) continue;
      return this.take(0x7d) ? value : null;
    }
  }

  private array(depth: i32): JsonValue | null {
    const value = new JsonValue(JsonKind.Array);
    this.at++;
    this.space();
    if (this.take(0x5d)) return value;
    while (true) {
      const item = this.value(depth + 1);
      if (item === null) return null;
      value.items.push(item);
      this.space();
      if (this.take(0x2c)) continue;
      return this.take(0x5d) ? value : null;
    }
  }

  private string(): string | null {
    if (!this.take(0x22)) return null;
    let text = "";
    let start = this.at;
    while (true) {
      const c = this.peek();
      if (c < 0x20) return null; // the end as well
      if (c == 0x22) {
        text += this.text.substring(start, this.at);
        this.at++;
        return text;
      }
      this.at++;
      if (c != 0x5c) continue;
      text += this.text.substring(start, this.at - 1);
      const escaped = this.escape();
      if (escaped < 0) return null;
      text += String.fromCharCode(escaped);
      start = this.at;
    }
  }

  private escape(): i32 {
    const c = this.peek();
    this.at++;
    if (c == 0x22 || c == 0x5c || c == 0x2f) return c;
    if (c == 0x62) return 0x08;
    if (c == 0x66) return 0x0c;
    if (c == 0x6e) return 0x0a;
    if (c == 0x72) return 0x0d;
    if (c == 0x74) return 0x09;
    if (c != 0x75) return -1;
    let unit = 0;
    for (let i = 0; i < 4; i++) {
      const digit = hexDigit(this.peek());
      if (digit < 0) return -1;
      unit = (unit << 4) | digit;
      this.at++;
    }
    return unit;
  }

  private numeral(): JsonValue | null {
    const start = this.at;
    this.take(0x2d);
    if (!this.take(0x30) && this.digits() == 0) return null;
    if (this.take(0x2e) && this.digits() == 0) return null;
    if (this.take(0x65) || this.take(0x45)) {
      if (!this.take(0x2b)) this.take(0x2d);
      if (this.digits() == 0) return null;
    }
    const value = new JsonValue(JsonKind.Number);
    value.number = parseFloat(this.text.substring(start, this.at));
    return value;
  }

  private digits(): i32 {
    const start = this.at;
    while (this.peek() >= 0x30 && this.peek() <= 0x39) this.at++;
    return this.at - start;
  }
}

function hexDigit(c: i32): i32 {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** The addresses of an IPv4 range such as "10.8.0.0/22", without the four that Google keeps in every subnet. */
export function addressesOf(range: string): number {
  return 2 ** (32 - Number(range.split('/')[1])) - 4;
}

/**
 * The addresses that Direct VPC egress may take for services with these highest numbers of instances: blocks of 16, and twice as many while one
 * revision replaces another. https://docs.cloud.google.com/run/docs/configuring/vpc-direct-vpc#ip-usage
 */
export function addressesNeeded(maxInstances: readonly number[]): number {
  return maxInstances.reduce((sum, max) => sum + 2 * 16 * Math.ceil(max / 16), 0);
}

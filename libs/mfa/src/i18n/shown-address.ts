import { isIP } from 'node:net';

/**
 * An IP address, or null for anything else: a proxy may pass on what a client told it. Zones (`fe80::1%eth0`) are left out,
 * since they may be any word.
 */
export function shownAddress(ip: string | null): string | null {
  const [address = ''] = ip?.split('%') ?? [];
  return isIP(address) === 0 ? null : address;
}

import { isIP } from 'node:net';

/**
 * An IP address, or null for anything else: a proxy may pass on what a client told it. Zones (`fe80::1%eth0`) are left out,
 * since they may be any word. Node writes IPv4 as IPv6 where it listens to both (`::ffff:192.0.2.1`, RFC 4291, section 2.5.5.2).
 */
export function shownAddress(ip: string | null): string | null {
  const [address = ''] = ip?.split('%') ?? [];
  if (isIP(address) === 0) return null;
  const [, mapped = ''] = /^::ffff:([\d.]+)$/i.exec(address) ?? [];
  return isIP(mapped) === 4 ? mapped : address;
}

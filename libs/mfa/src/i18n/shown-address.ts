import { isIP } from 'node:net';

/**
 * Normalizes an IP address; null for anything else, since a proxy may pass on what a client claimed. Zones
 * (`fe80::1%eth0`) are removed, since they can be any word. IPv4-mapped addresses (`::ffff:192.0.2.1`, RFC 4291,
 * section 2.5.5.2), which Node.js reports on dual-stack sockets, become IPv4.
 */
export function shownAddress(ip: string | null): string | null {
  const [address = ''] = ip?.split('%') ?? [];
  if (isIP(address) === 0) return null;
  const [, mapped = ''] = /^::ffff:([\d.]+)$/i.exec(address) ?? [];
  return isIP(mapped) === 4 ? mapped : address;
}

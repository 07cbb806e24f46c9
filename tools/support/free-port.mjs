import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Systems take the ports of outgoing connections, and of `listen(0)`, from 32768 up (49152 on some): a port from there may be somebody's again by the
 * time that it is used. Those that browsers refuse are below, or at 6000 to 6697 and 10080.
 */
const FROM = 20_000;
const TO = 32_000;

/** A port of localhost that nobody listens on, for an application whose address has to be known before it starts. */
export async function freePort() {
  for (;;) {
    const port = randomInt(FROM, TO);
    const server = createServer();
    try {
      // Of all addresses: the one that is used may be IPv4's or IPv6's.
      server.listen({ port, exclusive: true });
      await once(server, 'listening');
    } catch (error) {
      if (error.code === 'EADDRINUSE') continue;
      throw error;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Systems assign ports for outgoing connections and `listen(0)` from 32768 up (49152 on some): one from there might be
 * taken again by the time it is used. Ports that browsers block are below, or at 6000 to 6697 and 10080.
 */
const FROM = 20_000;
const TO = 32_000;

/** Finds a free port of localhost, for an application whose URL must be known before it starts. */
export async function freePort() {
  for (;;) {
    const port = randomInt(FROM, TO);
    const server = createServer();
    try {
      // On all addresses: the one in use may be IPv4 or IPv6.
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

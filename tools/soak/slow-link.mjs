import { createServer, connect } from 'node:net';
import { once } from 'node:events';

/** A connection to a database that can be made slow or silent: data is delayed, or held until it reopens. */
export class SlowLink {
  delayMs = 0;
  isSilent = false;
  held = [];
  sockets = new Set();

  static async to(target) {
    const link = new SlowLink();
    link.server = createServer((client) => link.join(client, connect(target)));
    link.server.listen(0, '127.0.0.1');
    await once(link.server, 'listening');
    link.port = link.server.address().port;
    return link;
  }

  join(client, database) {
    for (const [from, to] of [
      [client, database],
      [database, client],
    ]) {
      this.sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
    client.on('data', (chunk) => this.pass(chunk, database));
    database.on('data', (chunk) => client.write(chunk));
  }

  /** Preserves the order: timers of equal length fire in sequence, and held data goes first. */
  pass(chunk, to) {
    const send = () => {
      if (this.isSilent) this.held.push([chunk, to]);
      else to.write(chunk);
    };
    if (this.delayMs === 0) send();
    else setTimeout(send, this.delayMs);
  }

  speak() {
    this.isSilent = false;
    for (const [chunk, to] of this.held.splice(0)) if (!to.destroyed) to.write(chunk);
  }

  close() {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

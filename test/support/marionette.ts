import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

const COLON = ':'.charCodeAt(0);

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/**
 * Firefox's remote protocol: JSON frames prefixed with their length. A command is `[0, id, name, parameters]`, its
 * response `[1, id, error, result]`.
 */
export class Marionette {
  private received = Buffer.alloc(0);
  private lastId = 0;
  private readonly pending = new Map<number, Pending>();

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => this.receive(chunk));
    const end = () => {
      for (const { reject } of this.pending.values()) reject(new Error('Firefox is gone'));
      this.pending.clear();
    };
    socket.on('error', end);
    socket.on('close', end);
  }

  static async connect(port: number): Promise<Marionette> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Marionette(socket);
  }

  /** @throws {Error} with Firefox's message if the command fails */
  send<Result>(name: string, parameters: object = {}): Promise<Result> {
    this.lastId += 1;
    const id = this.lastId;
    const frame = JSON.stringify([0, id, name, parameters]);
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as Pending['resolve'], reject });
      this.socket.write(`${Buffer.byteLength(frame)}:${frame}`);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    for (;;) {
      const colon = this.received.indexOf(COLON);
      if (colon < 0) return;
      const end = colon + 1 + Number(this.received.toString('latin1', 0, colon));
      if (this.received.length < end) return;
      const frame: unknown = JSON.parse(this.received.toString('utf8', colon + 1, end));
      this.received = this.received.subarray(end);
      // The greeting isn't a list.
      if (Array.isArray(frame)) this.settle(frame as [1, number, RemoteError | null, unknown]);
    }
  }

  private settle([, id, error, result]: [1, number, RemoteError | null, unknown]): void {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    if (error) pending?.reject(new Error(`${error.error}: ${error.message}`));
    else pending?.resolve(result);
  }
}

interface RemoteError {
  error: string;
  message: string;
}

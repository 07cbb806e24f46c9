import { describe, expect, it } from '@jest/globals';
import type { DataSource, QueryRunner } from 'typeorm';

import { waitForOtherNodes } from './causal-reads.js';

/** What a server says of itself, and what it is told; `tools/galera.mjs` tries a real cluster. */
class Server {
  readonly asked: string[] = [];
  readonly connections = [{}, {}];

  constructor(
    readonly wsrepOn: string | null,
    readonly dataSource = { options: { type: 'mariadb' } } as DataSource,
  ) {}

  runner(connection: number, fails = false): QueryRunner {
    return {
      connect: () => Promise.resolve(this.connections[connection]),
      query: (sql: string) => {
        this.asked.push(sql);
        if (fails) return Promise.reject(new Error('gone'));
        return Promise.resolve(this.wsrepOn === null ? [] : [{ Value: this.wsrepOn }]);
      },
    } as unknown as QueryRunner;
  }

  async read(connection = 0): Promise<void> {
    await waitForOtherNodes(this.dataSource, this.runner(connection));
  }
}

const QUESTION = "SHOW VARIABLES LIKE 'wsrep_on'";
const SETTING = 'SET SESSION wsrep_sync_wait = @@wsrep_sync_wait | 7';

describe('reads on a cluster', () => {
  it('wait for what other nodes have committed, on each connection', async () => {
    const server = new Server('ON');
    await server.read(0);
    await server.read(0);
    await server.read(1);
    expect(server.asked).toEqual([QUESTION, SETTING, SETTING]);
  });

  it.each([['OFF'], [null]])('are as always where wsrep_on is %s, which is asked once', async (wsrepOn) => {
    const server = new Server(wsrepOn);
    await Promise.all([server.read(0), server.read(1)]);
    await server.read(1);
    expect(server.asked).toEqual([QUESTION]);
  });

  it('ask nothing of other engines', async () => {
    const server = new Server('ON', { options: { type: 'postgres' } } as DataSource);
    await server.read();
    expect(server.asked).toEqual([]);
  });

  it('ask again when there was no answer: not known is not no', async () => {
    const server = new Server('ON');
    await expect(waitForOtherNodes(server.dataSource, server.runner(0, true))).rejects.toThrow('gone');
    await server.read();
    expect(server.asked).toEqual([QUESTION, QUESTION, SETTING]);
  });

  it('set it again where it could not be set', async () => {
    const server = new Server('ON');
    await server.read(1);
    await expect(waitForOtherNodes(server.dataSource, server.runner(0, true))).rejects.toThrow('gone');
    await server.read(0);
    expect(server.asked).toEqual([QUESTION, SETTING, SETTING, SETTING]);
  });
});

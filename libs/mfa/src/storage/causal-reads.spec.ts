import { describe, expect, it } from '@jest/globals';
import type { DataSource, QueryRunner } from 'typeorm';

import { waitForOtherNodes } from './causal-reads.js';

function dataSourceOf(type: string, config = {}): DataSource {
  return { options: { type }, entityMetadatas: [], driver: { pool: { config } } } as unknown as DataSource;
}

/** A server's reported settings, and the queries it received; `tools/galera.mjs` tests a real cluster. */
class Server {
  readonly asked: string[] = [];
  readonly connections = [{}, {}];

  constructor(
    readonly wsrepOn: string | null,
    readonly dataSource = dataSourceOf('mariadb'),
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
    await server.read(0);
    await server.read(1);
    expect(server.asked).toEqual([QUESTION]);
  });

  it('ask nothing of other engines', async () => {
    const server = new Server('ON', dataSourceOf('postgres'));
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

  it('set it each time where the pool sets connections back', async () => {
    const server = new Server('ON', dataSourceOf('mariadb', { resetOnRelease: true }));
    await server.read(0);
    await server.read(0);
    expect(server.asked).toEqual([QUESTION, SETTING, SETTING]);
  });

  it('do not wait for a connection that gets no answer', async () => {
    const server = new Server('OFF');
    const silent = { query: () => new Promise(() => undefined) } as unknown as QueryRunner;
    void waitForOtherNodes(server.dataSource, silent);
    await server.read();
    expect(server.asked).toEqual([QUESTION]);
  });

  it('ask anew when the DataSource was initialized anew', async () => {
    const server = new Server('OFF');
    await server.read();
    Object.assign(server.dataSource, { entityMetadatas: [] });
    await server.read();
    expect(server.asked).toEqual([QUESTION, QUESTION]);
  });
});

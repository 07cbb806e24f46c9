import { describe, expect, it } from '@jest/globals';

import { UnderWay } from './under-way.js';

describe('UnderWay', () => {
  it('waits for all that has begun, and for nothing else', async () => {
    const underWay = new UnderWay();
    await underWay.ended();
    const ended: string[] = [];
    const ends: (() => void)[] = [];
    for (const name of ['one', 'other']) {
      const work = new Promise<void>((resolve) => ends.push(resolve));
      underWay.add(work.then(() => void ended.push(name)));
    }
    const closed = underWay.ended().then(() => ended.push('closed'));
    for (const end of ends.reverse()) {
      expect(ended).not.toContain('closed');
      end();
      await new Promise(setImmediate);
    }
    await closed;
    expect(ended).toEqual(['other', 'one', 'closed']);
  });

  it('keeps nothing of what has ended', async () => {
    const underWay = new UnderWay();
    underWay.add(Promise.resolve());
    await underWay.ended();
    expect(underWay['all'].size).toBe(0);
  });
});

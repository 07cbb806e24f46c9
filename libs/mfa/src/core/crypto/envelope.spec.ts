import { describe, expect, it } from '@jest/globals';

import { MfaEnvelopeError, open, seal } from './envelope.js';
import { KeyRing, keyedHash } from './key-ring.js';

const OLD = 'an old secret of at least 32 bytes, retired';
const NEW = 'a new secret of at least 32 bytes, in use now';
const context = { purpose: 'totp', userId: 'ada', recordId: 'r1' };

describe('envelope', () => {
  const ring = new KeyRing([NEW]);

  it('opens what it sealed, and never seals the same way twice', () => {
    const one = seal(ring, 'text', context);
    expect(open(ring, one, context)).toBe('text');
    expect(seal(ring, 'text', context)).not.toBe(one);
    expect(one).not.toContain('text');
    expect(one.split('.')[0]).toBe('v1');
  });

  it.each([
    ['another user', { ...context, userId: 'bob' }],
    ['another record', { ...context, recordId: 'r2' }],
    ['another purpose', { ...context, purpose: 'other' }],
    ['fields that only join to the same text', { purpose: 'totpa', userId: 'da', recordId: 'r1' }],
    ['no context', undefined],
  ])('does not open for %s', (_, other) => {
    expect(() => open(ring, seal(ring, 'text', context), other)).toThrow(MfaEnvelopeError);
  });

  it.each([0, 1, 2, 3, 4])('does not open when part %i was changed', (part) => {
    const parts = seal(ring, 'some longer text', context).split('.');
    const changed = parts.map((text, index) => (index === part ? flip(text) : text)).join('.');
    expect(() => open(ring, changed, context)).toThrow(MfaEnvelopeError);
  });

  it('does not accept a tag that was cut to 4 bytes', () => {
    const parts = seal(ring, 'text', context).split('.');
    const cut = Buffer.from(parts[4] as string, 'base64url')
      .subarray(0, 4)
      .toString('base64url');
    expect(() => open(ring, [...parts.slice(0, 4), cut].join('.'), context)).toThrow(MfaEnvelopeError);
  });

  it.each(['', 'text', 'v1', 'v1.a.b.c', 'v2.a.b.c.d', 'v1.a.b.c.d.e'])('does not open %j', (text) => {
    expect(() => open(ring, text, context)).toThrow(MfaEnvelopeError);
    expect(() => open(ring, text, context)).toThrow(expect.objectContaining({ name: 'EnvelopeError' }));
  });

  it('does not open with anything behind it', () => {
    expect(() => open(ring, `${seal(ring, 'text', context)}.more`, context)).toThrow('version v1');
  });

  it('keeps an empty text', () => {
    expect(open(ring, seal(ring, '', context), context)).toBe('');
  });
});

describe('key ring', () => {
  it('writes with the first secret and reads with all', () => {
    const before = seal(new KeyRing([OLD]), 'text', context);
    const rotated = new KeyRing([NEW, OLD]);
    expect(open(rotated, before, context)).toBe('text');
    const after = seal(rotated, 'text', context);
    expect(open(new KeyRing([NEW]), after, context)).toBe('text');
    expect(() => open(new KeyRing([OLD]), after, context)).toThrow(/No secret of key id/);
  });

  it('says which secret is missing without saying what it protects', () => {
    const sealed = seal(new KeyRing([OLD]), 'text', context);
    const id = sealed.split('.')[1] as string;
    expect(() => open(new KeyRing([NEW]), sealed, context)).toThrow(new RegExp(id));
    expect(id).not.toContain(OLD.slice(0, 6));
  });

  it('hashes under a key, by user and text', () => {
    const [key, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const hash = keyedHash(key, 'ada', '12345678');
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(keyedHash(key, 'ada', '12345678')).toBe(hash);
    expect(keyedHash(other, 'ada', '12345678')).not.toBe(hash);
    expect(keyedHash(key, 'bob', '12345678')).not.toBe(hash);
    expect(keyedHash(key, 'ada1', '2345678')).not.toBe(hash);
  });

  it('derives another key for each purpose', () => {
    const ring = new KeyRing([NEW]);
    expect(ring.current('encryption').key).not.toEqual(ring.current('challenge').key);
    expect(ring.current('encryption').key).toHaveLength(32);
  });

  it('needs a secret', () => {
    expect(() => new KeyRing([])).toThrow('at least one secret');
  });
});

function flip(text: string): string {
  return (text.startsWith('A') ? 'B' : 'A') + text.slice(1);
}

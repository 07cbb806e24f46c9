import { describe, expect, it } from '@jest/globals';

import type { MfaUser } from '../core/users/mfa-user.js';
import { isSameSnapshot, judgedBy, noteJudged, snapshotOf } from './judgements.js';

const same = (one: MfaUser | null, other: MfaUser | null) =>
  isSameSnapshot(snapshotOf(one), snapshotOf(other));

describe('a user as they are at this moment', () => {
  it.each<[MfaUser | null, MfaUser | null, boolean]>([
    [null, null, true],
    [null, { id: 1 }, false],
    [{ id: 1 }, { id: 1 }, true],
    [{ id: 1 }, { id: 2 }, false],
    [{ id: 1, isStaff: true }, { id: 1, isStaff: true }, true],
    [{ id: 1, isStaff: true }, { id: 1, isStaff: false }, false],
    [{ id: 1, emailVerified: true }, { id: 1 }, false],
    [{ id: 1, email: 'a@example.com' }, { id: 1, email: 'b@example.com' }, false],
    [{ id: 1, roles: ['a'] } as MfaUser, { id: 1, roles: ['a'] } as MfaUser, true],
    [{ id: 1, roles: ['a'] } as MfaUser, { id: 1, roles: ['a', 'b'] } as MfaUser, false],
    [{ id: 1, of: { x: { y: 1 } } } as MfaUser, { id: 1, of: { x: { y: 1 } } } as MfaUser, true],
    [{ id: 1, of: { x: { y: 1 } } } as MfaUser, { id: 1, of: { x: { y: 2 } } } as MfaUser, false],
    // Whatever stands where, it is not the same list.
    [{ id: 1, a: ['b'], c: 1 } as MfaUser, { id: 1, a: ['b', 'c', 1] } as MfaUser, false],
    [{ id: 1, of: null } as MfaUser, { id: 1, of: null } as MfaUser, true],
    [{ id: 1, of: undefined } as MfaUser, { id: 1, of: undefined } as MfaUser, true],
    [{ id: 1, age: NaN } as MfaUser, { id: 1, age: NaN } as MfaUser, true],
  ])('%j and %j are the same: %p', (one, other, are) => {
    expect(same(one, other)).toBe(are);
    expect(same(other, one)).toBe(are);
  });

  it('is another one when the same object has changed', () => {
    const user = { id: 1, roles: ['a'] } as MfaUser & { roles: string[] };
    const before = snapshotOf(user);
    user.roles.push('b');
    expect(isSameSnapshot(before, snapshotOf(user))).toBe(false);
  });

  it('is of a class the same object alone, and what has no prototype is plain', () => {
    class Person {
      id = 1;
    }
    const person = new Person();
    expect(same(person, person)).toBe(true);
    expect(same(person, new Person())).toBe(false);
    const bare = () => Object.assign(Object.create(null) as object, { id: 1 });
    expect(same(bare(), bare())).toBe(true);
    const held = (part: object) => ({ id: 1, part }) as MfaUser;
    expect(same(held(person), held(person))).toBe(true);
    expect(same(held(person), held(new Person()))).toBe(false);
  });

  it('is looked into four levels deep', () => {
    const nest = (depth: number): object => (depth === 0 ? { end: 1 } : { in: nest(depth - 1) });
    expect(same({ id: 1, ...nest(4) }, { id: 1, ...nest(4) })).toBe(true);
    expect(same({ id: 1, ...nest(5) }, { id: 1, ...nest(5) })).toBe(false);
  });
});

it('a decision is known with the user that it was made for', () => {
  const [decision, other] = [{ allow: true }, { allow: true }] as const;
  const user = { id: 1 };
  expect(noteJudged(decision, user)).toBe(decision);
  expect(judgedBy(decision)).toBe(user);
  expect(judgedBy(other)).toBeUndefined();
  expect(judgedBy(noteJudged(other, null))).toBeNull();
});

import { randomUUID } from 'node:crypto';

import { Injectable, Module } from '@nestjs/common';

export const PASSWORD = 'correct horse battery';

export interface User {
  id: string;
  email: string;
}

/** The users of an application, as far as a sign-in asks for them: everybody exists, and has the same password. */
@Injectable()
export class UsersService {
  private readonly users = new Map<string, User>();

  check(email: string, password: string): User | null {
    return password === PASSWORD ? this.findOrCreate(email) : null;
  }

  find(id: string): User | null {
    return this.users.get(id) ?? null;
  }

  findOrCreate(email: string): User {
    const user = [...this.users.values()].find((one) => one.email === email);
    return user ?? this.add({ id: randomUUID(), email });
  }

  /** Of an identity provider: the subject is nobody else's there, an address may become somebody else's. */
  findOrCreateByIdentity(issuer: string, subject: string): User {
    const id = `${issuer}#${subject}`;
    return this.find(id) ?? this.add({ id, email: '' });
  }

  remove(id: string): void {
    this.users.delete(id);
  }

  private add(user: User): User {
    this.users.set(user.id, user);
    return user;
  }
}

@Module({ providers: [UsersService], exports: [UsersService] })
export class UsersModule {}

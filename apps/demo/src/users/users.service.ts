import { randomUUID } from 'node:crypto';

import { ConflictException, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { hash, verify } from '@node-rs/argon2';
import type { MfaUser } from 'nestjs-mfa';
import { MfaException } from 'nestjs-mfa';
import { Repository } from 'typeorm';

import { isAddress } from '../auth/dto.js';
import { User } from './user.entity.js';

/** Registers users and checks their passwords. */
@Injectable()
export class UsersService {
  /** Compared with the password when the address is unknown, so that it takes as long as a wrong password. */
  private readonly nobody = hash(randomUUID());

  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}

  /**
   * @param phone in E.164 form
   * @throws {ConflictException} when the address is taken
   */
  async register(email: string, password: string, phone: string | null = null): Promise<User> {
    const passwordHash = await hash(password);
    const user = Object.assign(new User(), { id: randomUUID(), email, passwordHash, phone });
    const { identifiers } = await answered(() =>
      this.users.createQueryBuilder().insert().values(user).orIgnore().execute(),
    );
    const stored = await this.findByEmail(email);
    if (stored?.id !== user.id || identifiers.length === 0)
      throw new ConflictException('This address is taken');
    return stored;
  }

  /** Registers a user, by default with a random password that nobody knows; null if the address is taken. */
  async registerUnlessTaken(
    email: string,
    password: string = randomUUID(),
    phone: string | null = null,
  ): Promise<User | null> {
    try {
      return await this.register(email, password, phone);
    } catch (error) {
      if (error instanceof ConflictException) return null;
      throw error;
    }
  }

  async remove(id: string): Promise<void> {
    await answered(() => this.users.delete({ id }));
  }

  /** The user with that address and password, or null. */
  async check(email: string, password: string): Promise<User | null> {
    const user = isAddress(email) ? await this.findByEmail(email) : null;
    const isRight = await verify(user?.passwordHash ?? (await this.nobody), password);
    return isRight ? user : null;
  }

  async findById(id: string): Promise<User | null> {
    return answered(() => this.users.findOneBy({ id }));
  }

  private async findByEmail(email: string): Promise<User | null> {
    return answered(() => this.users.findOneBy({ email }));
  }
}

/** What the MFA module gets to know about a user. */
export function toMfaUser({ id, email, isStaff, emailVerified, phone }: User): MfaUser {
  return { id, email, isStaff, emailVerified, phoneNumber: phone };
}

/** A database failure isn't the client's fault: respond with 503, as the MFA module does. */
async function answered<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    throw new MfaException('storage_unavailable', {}, { cause: error });
  }
}

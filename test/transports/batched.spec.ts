import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CanActivate } from '@nestjs/common';
import { Injectable, UseGuards } from '@nestjs/common';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { ApolloDriver } from '@nestjs/apollo';
import { Context, GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import type { MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter, MfaSessionGuard } from 'nestjs-mfa';

import type { TestApp } from '../support/test-app.js';
import { enroll, users } from '../support/test-app.js';
import { startTransportApp } from './support/transport-app.js';

interface Request {
  user?: { id: string };
}

/** Lets the first operation look at its user while the guard of the second one looks the user up. */
class Meeting {
  private enter: () => void = () => undefined;
  private look: () => void = () => undefined;
  private leave: () => void = () => undefined;
  private readonly entered = new Promise<void>((resolve) => (this.enter = resolve));
  private readonly looking = new Promise<void>((resolve) => (this.look = resolve));
  private readonly left = new Promise<void>((resolve) => (this.leave = resolve));
  private isAwaited = false;

  async first(request: Request): Promise<string> {
    this.enter();
    await this.looking;
    const seen = request.user?.id ?? 'nobody';
    this.leave();
    return seen;
  }

  async beforeSecond(): Promise<void> {
    await this.entered;
    this.isAwaited = true;
  }

  async lookUp(): Promise<void> {
    if (!this.isAwaited) return;
    this.look();
    await this.left;
  }
}

let meeting: Meeting | null = null;

class MeetingAdapter extends DefaultMfaAdapter {
  override async findUser(id: string): Promise<MfaUser | null> {
    await meeting?.lookUp();
    return users.get(id) ?? null;
  }
}

@Injectable()
class SecondGuard implements CanActivate {
  async canActivate(): Promise<boolean> {
    await meeting?.beforeSecond();
    return true;
  }
}

@Resolver()
class BatchResolver {
  @Query(() => String)
  @UseGuards(MfaSessionGuard)
  first(@Context('req') request: Request): Promise<string> | undefined {
    return meeting?.first(request);
  }

  @Query(() => String)
  @UseGuards(SecondGuard, MfaSessionGuard)
  second(@Context('req') { user }: Request): string {
    return user?.id ?? 'nobody';
  }
}

describe('operations that share one request', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTransportApp({
      mfa: { adapter: MeetingAdapter },
      providers: [BatchResolver],
      imports: [
        GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: ApolloDriver,
          autoSchemaFile: true,
          allowBatchedHttpRequests: true,
        }),
      ],
    });
  });
  afterAll(() => test.close());

  it('each keep their user while the guard of another one is asked', async () => {
    const { client, id } = await enroll(test);
    meeting = new Meeting();
    const { body } = await client.post('/graphql', [{ query: '{ first }' }, { query: '{ second }' }]);
    expect(body).toEqual([{ data: { first: id } }, { data: { second: id } }]);
  });
});

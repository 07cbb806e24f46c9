import { Injectable, Module, UnauthorizedException, UseGuards } from '@nestjs/common';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { ApolloDriver } from '@nestjs/apollo';
import {
  Args,
  Context,
  Field,
  Float,
  GraphQLModule,
  ID,
  Mutation,
  ObjectType,
  Query,
  ResolveField,
  Resolver,
} from '@nestjs/graphql';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MfaLoginResult, MfaUser } from 'nestjs-mfa';
import {
  DefaultMfaAdapter,
  MfaModule,
  MfaService,
  MfaSession,
  MfaSessionGuard,
  RequireMfa,
  SkipMfa,
} from 'nestjs-mfa';

import { UsersModule, UsersService } from './support/users.js';

/** What Apollo hands to resolvers: on Express the request, which knows its response. */
type GraphQLContext = { req: { user?: MfaUser; res: object } };

@ObjectType()
export class SignIn {
  @Field()
  status!: 'authenticated' | 'mfa_required' | 'enrollment_required';

  @Field(() => [String], { nullable: true })
  methods?: string[] | undefined;

  /** For clients that keep the token themselves: those that sent `x-mfa-session: new`. */
  @Field(() => String, { nullable: true })
  sessionToken?: string | undefined;
}

@ObjectType()
export class Account {
  @Field(() => ID)
  id!: string;

  @Field(() => Float, { nullable: true })
  balance?: number;
}

@Injectable()
export class AppMfaAdapter extends DefaultMfaAdapter {
  constructor(private readonly users: UsersService) {
    super();
  }

  override findUser(id: string): MfaUser | null {
    return this.users.find(id);
  }
}

@Resolver()
export class SignInResolver {
  constructor(
    private readonly mfa: MfaService,
    private readonly users: UsersService,
  ) {}

  @Mutation(() => SignIn)
  @SkipMfa()
  login(
    @Args('email') email: string,
    @Args('password') password: string,
    @Context() { req }: GraphQLContext,
  ): Promise<MfaLoginResult> {
    const user = this.users.check(email, password);
    if (!user) throw new UnauthorizedException();
    return this.mfa.login(user, { request: req, response: req.res });
  }

  @Mutation(() => Boolean)
  @SkipMfa()
  async logout(@Context() { req }: GraphQLContext): Promise<boolean> {
    await this.mfa.logout({ request: req, response: req.res });
    return true;
  }
}

@Resolver(() => Account)
export class AccountResolver {
  /** Anybody who is signed in. */
  @Query(() => Account)
  @UseGuards(MfaSessionGuard)
  account(@Context('req') { user }: GraphQLContext['req']): Account {
    return { id: String(user?.id) };
  }

  /** Of these, who has just proven a second factor. */
  @ResolveField(() => Float, { nullable: true })
  @RequireMfa()
  balance(): number {
    return 42;
  }

  @Mutation(() => String)
  @RequireMfa()
  transfer(@Args('amount') amount: number, @MfaSession('userId') userId: string): string {
    return `${amount} from ${userId}`;
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database: ':memory:',
      autoLoadEntities: true,
      synchronize: true,
    }),
    GraphQLModule.forRoot<ApolloDriverConfig>({
      driver: ApolloDriver,
      autoSchemaFile: true,
      // Without it no guard stands before a @ResolveField().
      fieldResolverEnhancers: ['guards'],
    }),
    UsersModule,
    MfaModule.forRoot({
      secret: process.env['MFA_SECRET'],
      adapter: { useClass: AppMfaAdapter, imports: [UsersModule] },
    }),
  ],
  providers: [SignInResolver, AccountResolver],
})
export class AppModule {}

// Sessions and strategies combined as in Nest's documentation, with the second factor as a strategy of its own.
import {
  Controller,
  Get,
  HttpCode,
  Inject,
  Module,
  Post,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { verify } from 'otplib';
import passport from 'passport';
import { Strategy } from 'passport-custom';
import { DataSource, EntitySchema } from 'typeorm';

import { decorate } from '../../../tools/support/application.mjs';
import { OpenController, ormOptions } from '../support/nest.mjs';
import { StoredSession } from './session-store.mjs';

/** The adjacent time steps count too, as for the others. */
const TOLERANCE_SECONDS = 30;

export const User = new EntitySchema({
  name: 'user_of_passport',
  columns: { id: { type: 'varchar', primary: true }, secret: { type: 'varchar' } },
});

class PasswordStrategy extends PassportStrategy(Strategy, 'first') {
  constructor(dataSource) {
    super();
    this.users = dataSource.getRepository(User);
  }

  validate({ body }) {
    return this.users.findOneBy({ id: body.id });
  }
}
Inject(DataSource)(PasswordStrategy, undefined, 0);

class TotpStrategy extends PassportStrategy(Strategy, 'totp') {
  async validate({ body, user }) {
    if (!user) return null;
    const { valid } = await verify({
      secret: user.secret,
      token: body.code,
      epochTolerance: TOLERANCE_SECONDS,
    });
    return valid ? user : null;
  }
}

/** Stores the user's id in the session, and loads the whole user on every request. */
class Serializer {
  constructor(dataSource) {
    const users = dataSource.getRepository(User);
    passport.serializeUser(({ id }, done) => done(null, id));
    passport.deserializeUser((id, done) => {
      users.findOneBy({ id }).then((user) => done(null, user ?? false), done);
    });
  }
}
Inject(DataSource)(Serializer, undefined, 0);

class FirstFactorGuard extends AuthGuard('first') {
  async canActivate(context) {
    await super.canActivate(context);
    await super.logIn(context.switchToHttp().getRequest());
    return true;
  }
}

class TotpGuard extends AuthGuard('totp') {
  async canActivate(context) {
    await super.canActivate(context);
    const request = context.switchToHttp().getRequest();
    // A session that gains privileges gets a new id.
    await super.logIn(request);
    request.session.isVerified = true;
    return true;
  }
}

class VerifiedGuard {
  canActivate(context) {
    const request = context.switchToHttp().getRequest();
    if (!request.isAuthenticated() || !request.session.isVerified) throw new UnauthorizedException();
    return true;
  }
}

class PassportController {
  login() {
    return { status: 'mfa_required' };
  }

  totp() {
    return { status: 'authenticated' };
  }

  guarded() {
    return { ok: true };
  }
}
decorate(PassportController, 'login', [Post('login'), HttpCode(200), UseGuards(FirstFactorGuard)]);
decorate(PassportController, 'totp', [Post('totp'), HttpCode(200), UseGuards(TotpGuard)]);
decorate(PassportController, 'guarded', [Get('guarded'), UseGuards(VerifiedGuard)]);
Controller()(PassportController);

export function moduleOn(settings) {
  class BenchModule {}
  Module({
    imports: [
      TypeOrmModule.forRoot({ ...ormOptions(settings), entities: [User, StoredSession] }),
      PassportModule,
    ],
    controllers: [PassportController, OpenController],
    providers: [PasswordStrategy, TotpStrategy, Serializer],
  })(BenchModule);
  return BenchModule;
}

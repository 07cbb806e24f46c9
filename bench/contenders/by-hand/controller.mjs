// What can be written in an afternoon: correct codes and keys get in. Nothing is encrypted or hashed, attempts aren't
// limited, codes can be replayed, and of two concurrent requests both may win.
import { randomUUID } from 'node:crypto';

import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Post,
  Req,
  Res,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { verify } from 'otplib';
import { DataSource } from 'typeorm';

import { decorate } from '../../../tools/support/application.mjs';
import { RELYING_PARTY } from '../support/relying-party.mjs';
import { Credential, RecoveryCode, Session, User } from './tables.mjs';

/** The adjacent time steps count too, as for the others. */
const TOLERANCE_SECONDS = 30;

const sessionIdOf = ({ headers }) => /(?:^|; )sid=([^;]+)/.exec(headers.cookie ?? '')?.[1];

/** @returns the session of the request's cookie */
async function findSession(dataSource, request) {
  const id = sessionIdOf(request);
  const session = id === undefined ? null : await dataSource.getRepository(Session).findOneBy({ id });
  if (!session) throw new UnauthorizedException();
  return session;
}

class VerifiedGuard {
  constructor(dataSource) {
    this.dataSource = dataSource;
  }

  async canActivate(context) {
    const { isVerified } = await findSession(this.dataSource, context.switchToHttp().getRequest());
    if (!isVerified) throw new UnauthorizedException();
    return true;
  }
}
Inject(DataSource)(VerifiedGuard, undefined, 0);

export class ByHandController {
  constructor(dataSource) {
    this.dataSource = dataSource;
    this.sessions = dataSource.getRepository(Session);
    this.credentials = dataSource.getRepository(Credential);
  }

  guarded() {
    return { ok: true };
  }

  async login({ id }, response) {
    const user = await this.dataSource.getRepository(User).findOneBy({ id });
    if (!user) throw new UnauthorizedException();
    const isOwed = user.secret !== '';
    await this.begin(response, { userId: id, isVerified: !isOwed });
    return { status: isOwed ? 'mfa_required' : 'authenticated' };
  }

  async totp({ code }, request) {
    const session = await findSession(this.dataSource, request);
    const { secret } = await this.dataSource.getRepository(User).findOneBy({ id: session.userId });
    const { valid } = await verify({ secret, token: code, epochTolerance: TOLERANCE_SECONDS });
    if (!valid) throw new UnauthorizedException();
    return this.finish(session, session.userId);
  }

  async recovery({ code }, request) {
    const session = await findSession(this.dataSource, request);
    const { userId } = session;
    const { affected } = await this.dataSource.getRepository(RecoveryCode).delete({ userId, code });
    if (affected !== 1) throw new UnauthorizedException();
    return this.finish(session, userId);
  }

  async registrationOptions(request) {
    const { id, userId } = await findSession(this.dataSource, request);
    const options = await generateRegistrationOptions({
      rpID: RELYING_PARTY.id,
      rpName: RELYING_PARTY.name,
      userName: userId,
    });
    await this.sessions.update({ id }, { challenge: options.challenge });
    return options;
  }

  async register({ credential }, request) {
    const { userId, challenge } = await findSession(this.dataSource, request);
    const { registrationInfo } = await verifyRegistrationResponse({
      response: credential,
      expectedChallenge: challenge,
      expectedOrigin: RELYING_PARTY.origin,
      expectedRPID: RELYING_PARTY.id,
    });
    const { id, publicKey, counter } = registrationInfo.credential;
    const text = Buffer.from(publicKey).toString('base64url');
    await this.credentials.insert({ id, userId, publicKey: text, counter });
    return { ok: true };
  }

  async keyOptions(response) {
    const options = await generateAuthenticationOptions({
      rpID: RELYING_PARTY.id,
      userVerification: 'required',
    });
    await this.begin(response, { userId: null, isVerified: false, challenge: options.challenge });
    return options;
  }

  async key({ credential }, request) {
    const session = await findSession(this.dataSource, request);
    const { id, userId, publicKey, counter } = await this.credentials.findOneByOrFail({ id: credential.id });
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: credential,
      expectedChallenge: session.challenge,
      expectedOrigin: RELYING_PARTY.origin,
      expectedRPID: RELYING_PARTY.id,
      credential: { id, publicKey: Buffer.from(publicKey, 'base64url'), counter },
    });
    if (!verified) throw new UnauthorizedException();
    await this.credentials.update({ id }, { counter: authenticationInfo.newCounter });
    return this.finish(session, userId);
  }

  async begin(response, values) {
    const id = randomUUID();
    await this.sessions.insert({ id, ...values });
    response.cookie('sid', id, { httpOnly: true });
  }

  async finish({ id }, userId) {
    await this.sessions.update({ id }, { userId, isVerified: true });
    return { status: 'authenticated' };
  }
}
Inject(DataSource)(ByHandController, undefined, 0);

const reply = () => Res({ passthrough: true });
decorate(ByHandController, 'guarded', [Get('guarded'), UseGuards(VerifiedGuard)]);
decorate(ByHandController, 'login', [Post('login'), HttpCode(200)], [Body(), reply()]);
decorate(ByHandController, 'totp', [Post('totp'), HttpCode(200)], [Body(), Req()]);
decorate(ByHandController, 'recovery', [Post('recovery'), HttpCode(200)], [Body(), Req()]);
decorate(ByHandController, 'registrationOptions', [Post('register/options'), HttpCode(200)], [Req()]);
decorate(ByHandController, 'register', [Post('register'), HttpCode(200)], [Body(), Req()]);
decorate(ByHandController, 'keyOptions', [Post('key/options'), HttpCode(200)], [reply()]);
decorate(ByHandController, 'key', [Post('key'), HttpCode(200)], [Body(), Req()]);
Controller()(ByHandController);

// One start of an application, with or without the library: this process does nothing else.
import 'reflect-metadata';

import { performance } from 'node:perf_hooks';

import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';

import { OpenController, ormOptions } from '../contenders/support/nest.mjs';

const { settings, isWith, synchronize } = JSON.parse(process.argv[2]);

const from = performance.now();
const added = isWith ? [(await import('../contenders/nestjs-mfa/application.mjs')).mfaModule()] : [];
const loaded = performance.now();

class StartModule {}
Module({
  imports: [TypeOrmModule.forRoot({ ...ormOptions(settings), synchronize }), ...added],
  controllers: [OpenController],
})(StartModule);
const app = await NestFactory.create(StartModule, { logger: ['error'] });
await app.init();
process.send({ load: loaded - from, start: performance.now() - loaded }, () => process.exit());

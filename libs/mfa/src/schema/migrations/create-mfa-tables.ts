import type { MigrationInterface, QueryRunner } from 'typeorm';

import { oneAtATime } from './migration-lock.js';
import type { ColumnSpec, TableSpec } from './table-builder.js';
import { TableBuilder } from './table-builder.js';

const id: ColumnSpec = { type: 'varchar', length: 36, primary: true };
const userId: ColumnSpec = { type: 'userId' };
const moment: ColumnSpec = { type: 'bigint' };
const maybeMoment: ColumnSpec = { type: 'bigint', nullable: true };
const hash: ColumnSpec = { type: 'varchar', length: 64 };
const counter: ColumnSpec = { type: 'int', default: 0 };
const userAgent: ColumnSpec = { type: 'varchar', length: 255, nullable: true };
const ip: ColumnSpec = { type: 'varchar', length: 45, nullable: true };

/** The tables as of the first release; later changes are separate migrations. */
const TABLES: TableSpec[] = [
  {
    name: 'user_state',
    keptWithUser: true,
    columns: {
      user_id: { ...userId, primary: true },
      version: counter,
      second_factors: counter,
      attempts: counter,
      window_started_at: maybeMoment,
      enrollment_started_at: maybeMoment,
      enrollment_required_from: maybeMoment,
      user_handle: { type: 'varchar', length: 100, nullable: true },
    },
    indices: [
      { name: 'idx_mfa_user_state_factors', columns: ['second_factors', 'user_id'] },
      { name: 'idx_mfa_user_state_required', columns: ['enrollment_required_from'] },
    ],
  },
  {
    name: 'authenticator',
    keptWithUser: true,
    columns: {
      id,
      user_id: userId,
      type: { type: 'varchar', length: 20 },
      name: { type: 'varchar', length: 100 },
      data: { type: 'text' },
      created_at: moment,
      last_used_at: maybeMoment,
      failures: counter,
      locked_at: maybeMoment,
      unlock_codes: counter,
      unlock_code_at: maybeMoment,
      last_step: { type: 'bigint', nullable: true },
      remaining: { type: 'int', nullable: true },
    },
    indices: [
      { name: 'idx_mfa_authenticator_user', columns: ['user_id'] },
      { name: 'idx_mfa_authenticator_locked', columns: ['locked_at'] },
    ],
  },
  {
    name: 'recovery_code',
    keptWithUser: true,
    columns: {
      user_id: { ...userId, primary: true },
      code_hash: { ...hash, primary: true },
      created_at: moment,
      used_at: maybeMoment,
    },
  },
  {
    name: 'session',
    keptWithUser: true,
    columns: {
      id,
      user_id: userId,
      token_hash: hash,
      status: { type: 'varchar', length: 20 },
      methods: { type: 'text' },
      created_at: moment,
      expires_at: moment,
    },
    indices: [
      { name: 'uq_mfa_session_token', columns: ['token_hash'], unique: true },
      { name: 'idx_mfa_session_user', columns: ['user_id'] },
      { name: 'idx_mfa_session_expiry', columns: ['expires_at'] },
    ],
  },
  {
    name: 'totp_setup',
    keptWithUser: true,
    columns: {
      user_id: { ...userId, primary: true },
      id: { type: 'varchar', length: 36 },
      data: { type: 'text' },
      expires_at: moment,
    },
    indices: [{ name: 'idx_mfa_totp_setup_expiry', columns: ['expires_at'] }],
  },
  {
    name: 'webauthn_credential',
    keptWithUser: true,
    columns: {
      authenticator_id: id,
      user_id: userId,
      credential_id_hash: hash,
      credential_id: { type: 'text' },
      public_key: { type: 'text' },
      user_handle: { type: 'varchar', length: 100 },
      rp_id: { type: 'varchar', length: 255 },
      transports: { type: 'text' },
      sign_count: { type: 'bigint' },
      aaguid: { type: 'varchar', length: 36 },
      format: { type: 'varchar', length: 32 },
      backup_eligible: { type: 'boolean' },
      backed_up: { type: 'boolean' },
      discoverable: { type: 'boolean', nullable: true },
      uv_initialized: { type: 'boolean' },
      passwordless: { type: 'boolean' },
    },
    indices: [
      { name: 'uq_mfa_webauthn_credential', columns: ['credential_id_hash'], unique: true },
      { name: 'idx_mfa_webauthn_credential_user', columns: ['user_id'] },
    ],
    refersTo: { column: 'authenticator_id', table: 'authenticator', referenced: 'id' },
  },
  {
    name: 'webauthn_challenge',
    columns: { hash: { ...hash, primary: true }, expires_at: moment },
    indices: [{ name: 'idx_mfa_webauthn_challenge_expiry', columns: ['expires_at'] }],
  },
  {
    name: 'trusted_device',
    keptWithUser: true,
    columns: {
      id,
      user_id: userId,
      token_hash: hash,
      former_token_hash: { ...hash, nullable: true },
      user_agent: userAgent,
      ip,
      created_at: moment,
      last_used_at: maybeMoment,
      expires_at: moment,
    },
    indices: [
      { name: 'idx_mfa_trusted_device_user', columns: ['user_id'] },
      { name: 'idx_mfa_trusted_device_expiry', columns: ['expires_at'] },
    ],
  },
  {
    name: 'audit_entry',
    columns: {
      id,
      type: { type: 'varchar', length: 50 },
      created_at: moment,
      user_id: userId,
      actor_type: { type: 'varchar', length: 20 },
      actor_id: { type: 'varchar', length: 191, nullable: true },
      ip,
      user_agent: userAgent,
      session_id: { type: 'varchar', length: 36, nullable: true },
      data: { type: 'text' },
    },
    indices: [
      { name: 'idx_mfa_audit_entry_user', columns: ['user_id', 'id'] },
      { name: 'idx_mfa_audit_entry_type', columns: ['type', 'id'] },
    ],
  },
  {
    name: 'lease',
    columns: {
      name: { type: 'varchar', length: 50, primary: true },
      holder: { type: 'varchar', length: 36 },
      expires_at: moment,
    },
  },
  {
    name: 'key',
    columns: { id: { type: 'varchar', length: 50, primary: true }, data: { type: 'text' } },
  },
];

/** Creates all tables, only once even if two instances run it at the same time. */
export class CreateMfaTables1795478400000 implements MigrationInterface {
  readonly name = 'CreateMfaTables1795478400000';

  async up(runner: QueryRunner): Promise<void> {
    await oneAtATime(runner, async () => {
      const builder = new TableBuilder(runner);
      await builder.createSchema();
      for (const table of TABLES) await builder.create(table);
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await oneAtATime(runner, async () => {
      const builder = new TableBuilder(runner);
      for (const table of [...TABLES].reverse()) await builder.drop(table);
    });
  }
}

import { EntitySchema } from 'typeorm';

const text = { type: 'varchar' };
const id = { ...text, primary: true };

export const User = new EntitySchema({ name: 'user_by_hand', columns: { id, secret: text } });

export const RecoveryCode = new EntitySchema({
  name: 'recovery_code_by_hand',
  columns: { userId: id, code: id },
});

export const Credential = new EntitySchema({
  name: 'credential_by_hand',
  columns: { id, userId: text, publicKey: text, counter: { type: 'integer' } },
});

export const Session = new EntitySchema({
  name: 'session_by_hand',
  columns: {
    id,
    userId: { ...text, nullable: true },
    isVerified: { type: 'boolean' },
    challenge: { ...text, nullable: true },
  },
});

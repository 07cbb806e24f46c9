import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A user of the demo. */
@Entity({ name: 'demo_user' })
export class User {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  /** In lower case. */
  @Column({ type: 'varchar', length: 190, unique: true })
  email!: string;

  /** Argon2id. */
  @Column({ name: 'password_hash', type: 'varchar', length: 255 })
  passwordHash!: string;

  /** In E.164 form. */
  @Column({ type: 'varchar', length: 16, nullable: true })
  phone!: string | null;

  get isStaff(): boolean {
    return this.email.endsWith('@staff.example.com');
  }

  get emailVerified(): boolean {
    return !this.email.endsWith('@unverified.example.com');
  }
}

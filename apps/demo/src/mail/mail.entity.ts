import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A message that the demo would have sent. */
@Entity({ name: 'demo_mail' })
export class Mail {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  /** Milliseconds since the Unix epoch. */
  @Column({ name: 'sent_at', type: 'bigint', transformer: { to: (value: number) => value, from: Number } })
  sentAt!: number;

  /** `email` or `sms`; null in rows that are older than this column, which are emails. */
  @Column({ type: 'varchar', length: 10, nullable: true })
  channel!: string | null;

  @Column({ type: 'varchar', length: 190 })
  recipient!: string;

  @Column({ type: 'varchar', length: 255 })
  subject!: string;

  @Column({ type: 'text' })
  text!: string;

  @Column({ type: 'text' })
  html!: string;
}

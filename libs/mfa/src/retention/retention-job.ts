import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

import { RepeatedJob } from '../engine/jobs/repeated-job.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { ExpiredRows } from './expired-rows.js';

/** Removes expired rows periodically. Every instance runs it, on its own schedule. */
@Injectable()
export class RetentionJob extends RepeatedJob {
  protected readonly failure = 'Expired rows could not be removed';

  constructor(
    @Inject(ExpiredRows) private readonly expired: ExpiredRows,
    @Inject(ModuleRef) modules: ModuleRef,
    @Inject(MFA_OPTIONS) { retention }: ResolvedMfaOptions,
  ) {
    super('nestjs-mfa:purge', retention.everySeconds, modules);
  }

  protected work(): Promise<unknown> {
    return this.expired.purge();
  }
}

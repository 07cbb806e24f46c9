import { Injectable } from '@nestjs/common';
import type { MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter } from 'nestjs-mfa';

/** As much of the application's service, which extends Prisma's client, as the adapter asks for. */
export abstract class PrismaService {
  abstract readonly user: {
    findUnique(query: {
      where: { id: number };
    }): Promise<{ id: number; email: string; disabledAt: Date | null } | null>;
  };
}

@Injectable()
export class PrismaMfaAdapter extends DefaultMfaAdapter {
  constructor(private readonly prisma: PrismaService) {
    super();
  }

  override async findUser(id: string): Promise<MfaUser | null> {
    const user = await this.prisma.user.findUnique({ where: { id: Number(id) } }); // with text as ids: `id`
    return user?.disabledAt === null ? user : null;
  }
}

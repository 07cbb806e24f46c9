import { Controller, Get, Inject, Param, Res } from '@nestjs/common';

import { MfaException } from '../../core/errors/mfa-exception.js';
import { SkipMfa } from '../../guard/require-mfa.decorator.js';
import { setHeader } from '../../core/web/http-message.js';
import { Undocumented } from '../../openapi/describe-route.js';
import { OwnAnswers } from '../../http/own-enhancers.js';
import { PageAssets } from '../frame/page-assets.js';

/** Serves the pages' style sheet and script. Their URLs contain a hash of the content, so browsers may cache them. */
@SkipMfa()
@OwnAnswers()
@Undocumented()
@Controller()
export class PageAssetsController {
  constructor(@Inject(PageAssets) private readonly assets: PageAssets) {}

  @Get('assets/:name')
  asset(@Param('name') name: string, @Res({ passthrough: true }) response: object): string {
    const asset = this.assets.find(name);
    if (!asset) throw new MfaException('not_found');
    setHeader(response, 'Content-Type', asset.type);
    setHeader(response, 'Cache-Control', 'public, max-age=31536000, immutable');
    setHeader(response, 'X-Content-Type-Options', 'nosniff');
    return asset.content;
  }
}

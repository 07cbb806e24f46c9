import type { Type } from '@nestjs/common';
import { Inject, Injectable, SetMetadata, VERSION_NEUTRAL, VersioningType } from '@nestjs/common';
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { isExcludedFromPrefix } from './page-links.js';

/** What a controller's routes respond with. */
export type RouteKind = 'json' | 'page';

const ROUTE_KIND = 'nestjs-mfa:route-kind';

/** Marks the controllers of this module and, through inheritance, those that an application derives from them. */
export const AnswersWith = (kind: RouteKind): ClassDecorator => SetMetadata(ROUTE_KIND, kind);

// The metadata keys under which Nest stores what `@Controller()` and `RouterModule` declare.
const PATH = 'path';
const VERSION = '__version__';
const MODULE_PATH = '__module_path__';

interface OwnPath {
  kind: RouteKind;
  /** Matches paths without the global prefix and version. */
  pattern: RegExp;
  isVersioned: boolean;
}

/** Knows the paths of this module's controllers, wherever the application has mounted them. */
@Injectable()
export class OwnRoutes {
  private known?: OwnPath[];

  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
  ) {}

  /**
   * What responds at this path; undefined if it isn't this module. The prefix is read at request time, since
   * applications set it after the instance is created.
   */
  kindOf(path: string): RouteKind | undefined {
    const prefix = new RegExp(`^${patternOf(this.config.getGlobalPrefix())}(?=/|$)`, 'i');
    const prefixed = prefix.test(path) ? path.replace(prefix, '') : '';
    const own = (this.known ??= this.find());
    return own.find(({ pattern, isVersioned }) => {
      const bare = this.withoutVersion(path, isVersioned);
      const isBare = isExcludedFromPrefix(this.config, bare) && pattern.test(bare);
      return isBare || pattern.test(this.withoutVersion(prefixed, isVersioned));
    })?.kind;
  }

  private withoutVersion(path: string, isVersioned: boolean): string {
    const versioning = this.config.getVersioning();
    if (!isVersioned || versioning?.type !== VersioningType.URI) return path;
    const { prefix = 'v' } = versioning;
    return path.replace(new RegExp(`^/${prefix === false ? '' : escape(prefix)}[^/]+`), '');
  }

  private find(): OwnPath[] {
    return [...this.modules.values()].flatMap(({ controllers, metatype: module }) =>
      [...controllers.values()].flatMap(({ metatype }) => this.pathsOf(metatype as Type, module)),
    );
  }

  private pathsOf(controller: Type, module: object): OwnPath[] {
    const kind = Reflect.getMetadata(ROUTE_KIND, controller) as RouteKind | undefined;
    if (!kind) return [];
    const modulePath = (Reflect.getMetadata(`${MODULE_PATH}${this.modules.applicationId}`, module) ??
      Reflect.getMetadata(MODULE_PATH, module) ??
      '') as string;
    const version: unknown = Reflect.getMetadata(VERSION, controller);
    return [Reflect.getMetadata(PATH, controller) as string | string[]].flat().flatMap((path) => {
      const base = `${patternOf(modulePath)}${patternOf(path)}`;
      // At the root, every path would seem to be ours.
      if (base === '') return [];
      return {
        kind,
        pattern: new RegExp(`^${base}(?:/|$)`, 'i'),
        isVersioned: version !== undefined && version !== VERSION_NEUTRAL,
      };
    });
  }
}

/** The regular expression source for a path; each parameter matches any one segment. */
function patternOf(path: string): string {
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => `/${segment.startsWith(':') ? '[^/]+' : escape(segment)}`)
    .join('');
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

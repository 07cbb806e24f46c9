import { Converter, ReflectionKind } from 'typedoc';

/** Nest instantiates these, so nobody calls their constructors, whose parameters are internal. */
const MADE_BY_NEST = /(Service|Guard|Controller|Filter|Interceptor|Events|Module)$/;

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    // Each entry point is named as in imports.
    for (const module of project.getReflectionsByKind(ReflectionKind.Module))
      module.name = module.name === 'index' ? 'nestjs-mfa' : `nestjs-mfa/${module.name}`;
    for (const one of project.getReflectionsByKind(ReflectionKind.Constructor))
      if (MADE_BY_NEST.test(one.parent.name)) project.removeReflection(one);
  });
}

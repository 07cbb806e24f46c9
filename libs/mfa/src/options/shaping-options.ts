/** The options that decide what the module is built of. They are given synchronously, also next to a factory. */
export const SHAPING_OPTIONS = [
  'adapter',
  'factors',
  'pages',
  'path',
  'controllers',
  'routes',
  'globalGuard',
  'isGlobal',
  'dataSource',
] as const;

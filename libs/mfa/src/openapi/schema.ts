/** A schema object of OpenAPI 3.0 (section 4.7.24). */
export type Schema = Record<string, unknown>;

type Named = abstract new (...given: never[]) => unknown;

/** A class that represents a schema of the document. */
export type Model = Named;

/**
 * The metadata keys that `@nestjs/swagger` 11 and 12 read. They are written directly, so that the package is optional.
 */
export const SWAGGER = {
  operation: 'swagger/apiOperation',
  responses: 'swagger/apiResponse',
  parameters: 'swagger/apiParameters',
  security: 'swagger/apiSecurity',
  tags: 'swagger/apiUseTags',
  models: 'swagger/apiExtraModels',
  /** On a method: fields of its operation. On a class: fields of its schema. */
  extension: 'swagger/apiExtension',
  excluded: 'swagger/apiExcludeController',
} as const;

/** Gives a class, such as a DTO, its schema in the document. */
export const Described =
  (schema: Schema): ClassDecorator =>
  (target) =>
    Reflect.defineMetadata(SWAGGER.extension, schema, target);

/** The schema of a class, for inlining it, such as in an optional body. */
export const schemaOf = (described: Model): Schema =>
  Reflect.getMetadata(SWAGGER.extension, described) as Schema;

/** Creates a named schema. */
export function model(name: string, schema: Schema): Model {
  const made = { [name]: class {} }[name] as Model;
  Reflect.defineMetadata(SWAGGER.extension, schema, made);
  return made;
}

/** A reference to the schema of a class. */
export const ref = ({ name }: Model): Schema => ({ $ref: `#/components/schemas/${name}` });

type Fields = Record<string, Schema>;

/** An object schema with required and optional fields. */
export const object = (required: Fields, optional: Fields = {}, rest: Schema = {}): Schema => ({
  type: 'object',
  ...(Object.keys(required).length > 0 ? { required: Object.keys(required) } : {}),
  properties: { ...required, ...optional },
  ...rest,
});

export const text = (description?: string, rest: Schema = {}): Schema => ({
  type: 'string',
  ...(description === undefined ? {} : { description }),
  ...rest,
});

/** A timestamp in responses: RFC 3339, UTC, with milliseconds. */
export const moment = (description?: string, rest: Schema = {}): Schema =>
  text(description, { format: 'date-time', ...rest });

export const flag = (description?: string): Schema => ({
  type: 'boolean',
  ...(description === undefined ? {} : { description }),
});

export const count = (description?: string): Schema => ({
  type: 'integer',
  minimum: 0,
  ...(description === undefined ? {} : { description }),
});

export const list = (items: Schema, description?: string): Schema => ({
  type: 'array',
  items,
  ...(description === undefined ? {} : { description }),
});

/** OpenAPI 3.0 allows nothing else next to a `$ref`. */
export const described = (reference: Schema, description: string): Schema => ({
  allOf: [reference],
  description,
});

export const NULLABLE = { nullable: true };

import * as t from 'io-ts'

/** A JSON Schema (2020-12), as OpenAPI 3.1 uses it. */
export type JsonSchema = { readonly [key: string]: unknown }

/** Schemas of codecs, with those that have a name of their own kept apart and referred to. */
export interface SchemaBook {
  /** The schema of a codec; adds the named codecs in it to `components`. Throws for a codec that has no schema. */
  readonly of: (codec: t.Mixed) => JsonSchema
  readonly components: Readonly<Record<string, JsonSchema>>
}

/** Makes a book. `leaves` gives the schemas of codecs that check a single value, by their names. */
export function schemaBook(leaves: Readonly<Record<string, JsonSchema>>): SchemaBook {
  const components: Record<string, JsonSchema> = {}

  const of = (codec: t.Mixed): JsonSchema => {
    const leaf = leaves[codec.name]
    if (leaf !== undefined) return leaf
    // A codec that nobody named is called by its structure, as in `{ height: Count }`.
    if (!/^[A-Z][A-Za-z0-9]*$/.test(codec.name)) return structure(codec)
    components[codec.name] ??= structure(codec)
    return { $ref: `#/components/schemas/${codec.name}` }
  }

  const structure = (codec: t.Mixed): JsonSchema => {
    if (codec instanceof t.StringType) return { type: 'string' }
    if (codec instanceof t.BooleanType) return { type: 'boolean' }
    if (codec instanceof t.NullType) return { type: 'null' }
    if (codec instanceof t.LiteralType) return { const: codec.value }
    if (codec instanceof t.KeyofType) return { type: 'string', enum: Object.keys(codec.keys) }
    if (codec instanceof t.ReadonlyArrayType) return { type: 'array', items: of(codec.type) }
    if (codec instanceof t.UnionType) return { anyOf: codec.types.map(of) }
    if (codec instanceof t.InterfaceType) return object(codec.props)
    throw new Error(`codec ${codec.name} has no JSON Schema: add it here or to the leaves`)
  }

  const object = (props: Readonly<Record<string, t.Mixed>>): JsonSchema => ({
    type: 'object',
    properties: Object.fromEntries(Object.entries(props).map(([name, codec]) => [name, of(codec)])),
    required: Object.keys(props),
  })

  return { of, components }
}

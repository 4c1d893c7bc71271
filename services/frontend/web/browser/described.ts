// What /openapi.json says, and how an answer is held against it.

import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { base } from './support.ts';

type Schema = Record<string, unknown>;
interface Answer {
  content: Record<string, { schema: Schema }>;
  headers: Record<string, unknown>;
}
interface Operation {
  parameters?: { name: string; required: boolean }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, Answer>;
}
type Method = 'get' | 'post' | 'delete';
interface Api {
  openapi: string;
  paths: Record<string, Partial<Record<Method, Operation>>>;
  components: { schemas: Record<string, Schema> };
}

/** The same where no object has a field that is not described: what is added is to be described. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  const isOpen = inner['type'] === 'object' && typeof inner['properties'] === 'object' && !('additionalProperties' in inner);
  return isOpen ? { ...inner, additionalProperties: false } : inner;
}

export const api = (await (await fetch(`${base}/openapi.json`)).json()) as Api;
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(closed({ $id: 'api', components: api.components }) as Schema);

/** Holds a body against what is said of the answer that it is of. */
export function validate(answer: Answer, contentType: string, body: unknown, what: string): void {
  const described = answer.content[contentType];
  assert.ok(described, `${what}: ${contentType} is not described`);
  const schema = JSON.parse(JSON.stringify(closed(described.schema)).replaceAll('"#/', '"api#/')) as Schema;
  const check = ajv.compile(schema);
  assert.ok(check(body), `${what}: ${JSON.stringify(check.errors)}`);
}

/** Asks, and holds the answer against its description, which stands at `path` where the answer is of the path itself. */
export async function holds(asked: string, status: number, path = asked.split('?')[0] ?? '', method: Method = 'get', more: RequestInit = {}): Promise<unknown> {
  const response = await fetch(base + asked, { method: method.toUpperCase(), ...more });
  assert.equal(response.status, status, asked);
  const described = api.paths[path]?.[method]?.responses[String(status)];
  assert.ok(described, `${asked}: ${status} is not described`);
  for (const name of Object.keys(described.headers)) assert.ok(response.headers.has(name), `${asked}: no ${name}`);
  const contentType = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const body: unknown = await response.json();
  validate(described, contentType, body, asked);
  return body;
}

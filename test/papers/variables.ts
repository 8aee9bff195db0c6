import type { z } from 'zod';
import { VENDORS } from '../../activities/adapters/index.ts';
import { Variables } from '../../worker/configuration/variables.ts';
import { commentsOf } from './comments.ts';

/** The descriptions of our own variables, and of those that each vendor declares. */
export const variableComments = () =>
  new Map([
    ...commentsOf('worker/configuration/variables.ts', 'Variables'),
    ...commentsOf('activities/adapters/variables.ts', 'adapterVariables'),
    ...commentsOf('activities/adapters/state/variables.ts', 'stateVariables'),
    ...Object.keys(VENDORS).flatMap((name) => [...commentsOf(`activities/adapters/${name}/variables.ts`, 'variables')]),
  ]);

const GENERATED = /(# Generated from the schemas by npm run papers\.\n)[^]*?(\n# End of what is generated\.\n)/;
const WIDTH = 123;

/** Regenerates the variables in .env.example. The text around them is written by hand. */
export function sampleRefreshed(sample: string): string {
  const comments = variableComments();
  const entries = Object.entries<z.ZodType>(Variables.shape)
    .filter(([name]) => /^(?:GATEHOUSE|OTEL)_/.test(name))
    .map(([name, type]) => `\n${commentOf(comments.get(name) ?? '')}#${name}=${defaultOf(type)}\n`);
  return sample.replace(GENERATED, (_, head: string, end: string) => `${head}${entries.join('')}${end}`);
}

/** A description as comment lines, without its Markdown. */
function commentOf(text: string): string {
  const lines = [''];
  for (const word of text
    .replaceAll('`', '')
    .replace(/\b_(.+?)_\b/g, '$1')
    .split(' ')) {
    if (`${lines.at(-1)} ${word}`.length > WIDTH) lines.push('');
    lines.push(`${lines.pop()} ${word}`);
  }
  return lines.map((line) => `#${line}\n`).join('');
}

/** A default as it is written in the file: a list of objects as the first value of each. */
function defaultOf(type: z.ZodType): string {
  const { success, data } = type.safeParse(undefined);
  if (!success || data === undefined) return '';
  if (!Array.isArray(data)) return String(data);
  return data.map((each: unknown) => String(Object.values(each as object)[0])).join(',');
}

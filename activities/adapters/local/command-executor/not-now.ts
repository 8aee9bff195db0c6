import { z } from 'zod';
import { badFields } from '../../../../workflows/contracts/bad-fields.ts';
import type { Usage } from '../../../../workflows/contracts/activities.ts';
import { plain, plainWithin } from '../../processes/text.ts';
import { jsonOf } from '../../agents/json.ts';
import { Used } from './result.ts';

/** The exit code of a command that cannot work now: "temporary failure" in sysexits.h. */
export const EX_TEMPFAIL = 75;

const BECAUSE_CHARACTERS = 500;

const Time = z
  .union([
    z.iso.datetime({ offset: true, local: true }),
    z.iso.datetime({ offset: true, local: true, precision: -1 }), // without seconds
    z.iso.date(),
  ])
  .refine((time) => Number.isFinite(Date.parse(time)));

/** A result that says that the agent cannot work now. It may say what it has used all the same. */
const NotNow = z.looseObject({
  notNow: z.object({
    because: z.string().trim().min(1),
    until: z
      .unknown()
      .optional()
      .refine((until) => until == null || Time.safeParse(until).success, { error: 'expected an ISO 8601 time' }),
  }),
  usage: Used.optional(),
});

interface Said {
  because?: string;
  until?: string;
  usage?: Usage;
}

/**
 * Reads what a result file says of an agent that cannot work now. Without `because`, it is another result, of which only
 * the usage counts here. Undefined if it is not JSON.
 */
export function readNotNow(text: string): Said | { broken: string } | undefined {
  const raw = jsonOf(text);
  if (typeof raw !== 'object' || raw === null) return undefined;
  const usage = Used.safeParse((raw as { usage?: unknown }).usage).data;
  if (!Object.hasOwn(raw, 'notNow')) return usage ? { usage } : {};
  const { data, error } = NotNow.safeParse(raw);
  if (!data) {
    const fields = badFields(error, raw).map(({ path, expected }) => `${path}: ${expected}`);
    return { broken: `The result does not fit: ${fields.join('; ')}` };
  }
  const { because, until } = plainWithin(data.notNow);
  return {
    because: because.slice(0, BECAUSE_CHARACTERS),
    ...(typeof until === 'string' && { until: new Date(until).toISOString() }),
    ...(usage && { usage }),
  };
}

/** The end of what a command has printed, without its progress: why it cannot work now. Standard error comes last. */
export function lastPrinted(stdout: string, stderr: string): string {
  const said = plain(`${stdout.trimEnd()}\n${stderr.replace(/^GATEHOUSE_PROGRESS.*$/gm, '')}`).trim();
  return said.length <= BECAUSE_CHARACTERS ? said : `…${said.slice(1 - BECAUSE_CHARACTERS)}`;
}

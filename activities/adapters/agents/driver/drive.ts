import { z } from 'zod';
import { recordAs } from '../../files/reading.ts';
import { PRESETS } from '../preset.ts';

/** How the driver talks to the program. */
const Spoken = z.discriminatedUnion('is', [
  /** A command as `.gatehouse.yml` names it. The driver only filters its output. */
  z.strictObject({ is: z.literal('command'), command: z.string() }),
  z.strictObject({
    is: z.literal('acp'),
    command: z.string(),
    model: z.string().optional(),
    mode: z.string().optional(),
    arguments: z.array(z.string()),
  }),
  z.strictObject({
    is: z.literal('preset'),
    preset: z.enum(PRESETS),
    model: z.string().optional(),
    arguments: z.array(z.string()),
  }),
]);

/** US dollars per million tokens. */
const Price = z.looseObject({ input: z.number(), cachedInput: z.number().optional(), output: z.number() });
export type Price = z.output<typeof Price>;

/** What the driver is to do. It contains no values of secrets: those are in its environment. */
export const Drive = z.strictObject({
  agent: Spoken,
  mode: z.enum(['read', 'write', 'resolve']),
  /** The program's own variables, besides those that the driver has. */
  env: z.record(z.string(), z.string()),
  /** The names of the variables with secrets. */
  secrets: z.array(z.string()),
  /** The program runs in a sandbox of ours, in which it can make none of its own. */
  sandboxed: z.boolean().optional(),
  /** Prices by model. */
  prices: z.record(z.string(), Price),
  /** A private folder of the job, outside of the checkout. */
  scratch: z.string(),
  /** The job is cancelled as soon as this file exists. */
  cancel: z.string(),
  /** Somebody waits, and the job is cancelled when they end. Then the standard input ends. */
  attended: z.boolean().optional(),
});
export type Drive = z.output<typeof Drive>;

/** The job as its agent reads it. The executor wrote the file, so only its outline is checked. */
const ShownJob = z.looseObject({
  role: z.string(),
  brief: z.string(),
  task: z.looseObject({ id: z.string(), title: z.string(), description: z.string().optional() }),
  change: z.looseObject({ repository: z.string(), base: z.string(), branch: z.string() }),
  priorOutputs: z.array(z.looseObject({ step: z.number(), kind: z.string(), output: z.string() })),
  resolvedDecision: z.looseObject({ question: z.string(), choice: z.string() }).optional(),
  revision: z
    .looseObject({
      previousOutput: z.string(),
      feedback: z.string(),
      comments: z.array(z.looseObject({ quote: z.string().optional(), text: z.string() })),
    })
    .optional(),
  environment: z.looseObject({ url: z.string() }).optional(),
});
export type ShownJob = z.output<typeof ShownJob>;

export const readDrive = (file: string): Promise<Drive> => required(file, Drive);
export const readShownJob = (file: string): Promise<ShownJob> => required(file, ShownJob);

async function required<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  const read = await recordAs(file, schema);
  if (read === undefined) throw new Error(`${file} cannot be read.`);
  return read;
}

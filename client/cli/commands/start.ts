import path from 'node:path';
import { found } from '../../../workflows/contracts/bad-fields.ts';
import { readConfig } from '../../config.ts';
import { typed } from '../../invocation.ts';
import type { Called } from '../called.ts';
import { withRuns, workflowIdOf } from '../context.ts';
import { EXIT, Usage } from '../exit-codes.ts';
import { jsonFileOf } from '../files.ts';
import { print, say } from '../output.ts';

interface Options {
  task?: string;
  title?: string;
  description?: string;
  pipeline?: string;
  workspace?: string;
  base?: string;
  branch?: string;
  pullRequest?: string;
  startedBy?: string;
  file?: string;
  watch?: boolean;
  fresh?: boolean;
  dryRun?: boolean;
}

export async function start({ args: [repository], options, json }: Called<[string?], Options>): Promise<number | void> {
  const wish = await wishOf(repository, options);
  if (options.dryRun) return look(wish, json);
  return withRuns(async ({ runs, config }) => {
    const { workflowId, runId, retried, examined } = await runs.start(wish, { fresh: options.fresh === true });
    if (!examined) say(`No worker has examined the run yet. Is one running? Try: ${typed('doctor')}`);
    if (!options.watch || !json) {
      print(
        json,
        { workflowId, runId, retried, examined },
        () => `${workflowId} ${retried ? 'continues where it failed' : 'has started'}.`,
      );
    }
    if (!options.watch) return undefined;
    const { follow, storySettingsOf } = await import('../following.ts');
    return follow({ runs, config: await storySettingsOf(config), workflowId, json, until: undefined });
  });
}

/** Prints what the run would do. Starts nothing, and needs neither Temporal nor a worker. */
async function look(wish: Record<string, unknown>, json: boolean): Promise<number> {
  const { dryRun } = await import('../../forges/dry-run.ts');
  const { dryRunText } = await import('../texts/dry-run.ts');
  const run = await dryRun(readConfig(), wish);
  print(json, run, dryRunText);
  return run.refused.length > 0 ? EXIT.usage : EXIT.done;
}

export async function retry({ args: [run], options, json }: Called<[string], { from?: string }>): Promise<void> {
  const step = options.from === undefined ? undefined : Number(options.from);
  if (step !== undefined && !Number.isInteger(step)) {
    throw new Usage(`--from: expected a step’s number, found ${found(options.from)}`);
  }
  await withRuns(async ({ runs }) => {
    const again = await runs.retry(workflowIdOf(run), step === undefined ? {} : { from: step });
    print(json, { ...again, retried: true }, () => `${again.workflowId} continues.`);
  });
}

/** The start input: the content of the file, overridden by options. */
async function wishOf(repository: string | undefined, options: Options): Promise<Record<string, unknown>> {
  const base = options.file === undefined ? {} : await jsonFileOf('--file', options.file);
  const { task: id, title, description, pipeline, workspace, startedBy } = options;
  const { pullRequest: named } = options;
  const pullRequest = named !== undefined && /^\d+$/.test(named) ? Number(named) : named;
  const change = {
    ...(repository && placeOf(repository)),
    base: options.base,
    branch: options.branch,
    ...(pullRequest !== undefined && { pullRequest }),
  };
  return {
    ...base,
    ...given({ workspace, pipeline, startedBy }),
    task: { ...(base['task'] as object | undefined), ...given({ id, title, description }) },
    change: { ...(base['change'] as object | undefined), ...given(change) },
  };
}

/**
 * What a person means by a repository. A path is one that looks like it (`.`, `..`, `./x`, `../x`, `/x`), and becomes
 * absolute, because the worker has another working directory. The address of a pull request names that, too.
 */
export function placeOf(repository: string): { repository: string; pullRequest?: number } {
  if (/^(?:\.{0,2}\/|\.{1,2}$)/.test(repository)) return { repository: path.resolve(repository) };
  const [, address, number] =
    /^(https?:\/\/[^/]+\/[^/]+\/[^/]+)\/pulls?\/([1-9]\d{0,8})(?:[/?#].*)?$/.exec(repository) ?? [];
  return address === undefined ? { repository } : { repository: address, pullRequest: Number(number) };
}

const given = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

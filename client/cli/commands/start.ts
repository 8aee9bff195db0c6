import path from 'node:path';
import { found } from '../../../workflows/contracts/bad-fields.ts';
import { typed } from '../../invocation.ts';
import type { Called } from '../called.ts';
import { withRuns, workflowIdOf } from '../context.ts';
import { Usage } from '../exit-codes.ts';
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
}

export async function start({ args: [repository], options, json }: Called<[string?], Options>): Promise<number | void> {
  const wish = await wishOf(repository, options);
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
    repository: repository && absolute(repository),
    base: options.base,
    branch: options.branch,
    pullRequest,
  };
  return {
    ...base,
    ...given({ workspace, pipeline, startedBy }),
    task: { ...(base['task'] as object | undefined), ...given({ id, title, description }) },
    change: { ...(base['change'] as object | undefined), ...given(change) },
  };
}

/** Makes a local path absolute, because the worker has another working directory. Leaves addresses alone. */
const absolute = (repository: string): string =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(repository) ? repository : path.resolve(repository);

const given = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { Found, Survey } from '../contracts/survey.ts';
import { activitiesFor } from '../temporal/proxies.ts';
import { findingNotice } from '../words/survey.ts';

/** The maximum number of notices that one pass sends, and the time limit for them. The next pass sends the rest. */
const MOST_NOTICES = 20;
const NOTICES_TIMEOUT = '1 minute';
/** Every notice is about a task. The survey's own is this one. */
const TASK = { id: 'doctor', title: 'gatehouse doctor', type: 'recurring' as const };

/** Sends one notice for each new finding. Returns the ids of all findings that have been sent. */
export async function notifyOfNew(findings: Found[], now: string): Promise<string[]> {
  const { notify } = activitiesFor('doctor');
  const bad = findings.filter(({ ok }) => !ok);
  const before = new Set((workflowInfo().lastResult as Partial<Survey> | undefined)?.told);
  const known = new Set(before);
  const sending = async () => {
    for (const finding of bad.filter(({ id }) => !before.has(id)).slice(0, MOST_NOTICES)) {
      const { id, since: at = now } = finding;
      const notice = { id, type: 'doctor_found', severity: 'normal', at, text: findingNotice(finding) } as const;
      await notify({ workflowId: 'doctor', task: TASK, notice });
      known.add(id);
    }
  };
  await CancellationScope.withTimeout(NOTICES_TIMEOUT, sending).catch((failure: unknown) => {
    if (CancellationScope.current().consideredCancelled) throw failure;
  });
  return bad.map(({ id }) => id).filter((id) => known.has(id));
}

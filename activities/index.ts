import type { Activities } from '../workflows/contracts/activities.ts';
import { budgetActivities } from './budget.ts';
import { changeActivities } from './changes.ts';
import { checkActivities } from './checks.ts';
import { closedRunActivities } from './closed-runs.ts';
import { environmentActivities } from './environments.ts';
import { issueActivities } from './issues.ts';
import { jobActivities } from './jobs.ts';
import { noticeActivities } from './notices.ts';
import { peekActivities } from './peeking/activities.ts';
import type { Ports } from './ports.ts';
import { recoveryActivities } from './recovery/activities.ts';
import { releaseActivities } from './releases.ts';
import { rowActivities } from './rows.ts';
import { runActivities } from './runs.ts';
import type { Settings } from './settings.ts';
import { surveyActivities } from './survey.ts';
import { askingOthers } from './waiting/elsewhere.ts';
import { heartbeating } from './waiting/heartbeating.ts';
import { rateLimit } from './waiting/rate-limit.ts';
import { withTimeout } from './waiting/timeouts.ts';

/** Far longer than any call that still gets an answer: the first clone of a large repository is one call. */
const CALL_MS = 600_000;

/** All activities, as one flat record over the ports. */
export const createActivities = (world: Ports, given: Settings): Activities => {
  const ports = withTimeout(world, given.callMs ?? CALL_MS);
  const settings = { ...given, pace: rateLimit() };
  const { carrying, noteRun } = rowActivities(ports);
  const activities = {
    noteRun,
    ...runActivities(ports, settings),
    ...closedRunActivities(ports),
    ...jobActivities(ports, settings),
    ...budgetActivities(ports, settings),
    ...changeActivities(ports, settings),
    ...checkActivities(ports, settings),
    ...environmentActivities(ports, settings),
    ...issueActivities(ports),
    ...releaseActivities(ports, settings),
    ...noticeActivities(ports),
    ...surveyActivities(ports),
    ...recoveryActivities(ports, settings),
    ...peekActivities(ports),
  };
  return heartbeating(askingOthers(carrying(activities)));
};

const because = (reason: string, ...ids: string[]): [string, string][] => ids.map((id) => [id, reason]);
const from = (letter: string, first: number, last: number, digits = 3): string[] =>
  Array.from({ length: last - first + 1 }, (_, n) => `${letter}-${String(first + n).padStart(digits, '0')}`);

/** Cases of the original that cannot apply here, and why. What is decided otherwise is in DESIGN's deviations. */
export const NEVER: Readonly<Record<string, string>> = Object.fromEntries([
  ...because(
    'a reviewer is always there: every role has a command before a run may start (contract 2)',
    'A-017',
    'A-018',
  ),
  ...because('reviews live in a run, which is their only writer: there is none beside it (Q-32)', 'A-026', 'A-028'),
  ...because('a task has a title, and no linked documents or issues (contract 2)', 'A-050', 'A-051', 'A-061', 'A-073'),
  ...because('a run knows its own task only', 'A-074'),
  ...because('we have no window of our own: people use Temporal’s Web UI', 'A-075', 'A-076'),
  ...because('no incident tool is asked: on-call writes its assessment, and a person is told', ...from('A', 106, 111)),
  ...because(
    'a task has no setting for its tests’ infrastructure (contract 2): the tester gets the live environment, or a checkout',
    ...from('A', 121, 130),
    'A-134',
    'A-135',
    'A-189',
    'E-22',
  ),
  ...because('there is no store of pipelines: a run is started with its own', 'A-155'),
  ...because('"when" without a threshold is refused before anything starts (A-153)', 'A-159'),
  ...because('there is no store of presets: the policy comes with the start', 'A-178'),
  ...because('a job’s output is told as it is; its gate reads it (contract 12)', 'A-182'),
  ...because(
    'how an agent goes about its work is the agent’s own: its command is a black box with limits (A-196)',
    'A-197',
  ),
  ...because(
    'environments come from the repository’s own command; a provider behind HTTP is not there yet',
    'A-201',
    ...from('A', 203, 210),
  ),
  ...because('there is no chat adapter: a webhook gets every notice as data', 'A-218', 'A-219', 'A-222'),
  ...because(
    'a run whose steps are all settled has ended well, and is not retried; `retry --from` says where',
    'A-228',
  ),
  ...because('a step past the end is refused, never clamped', 'A-232'),
  ...because('there are no frames: a run is about a task', 'A-236'),
  ...because('nothing advances a run from outside: its workflow does', 'A-237', 'E-40'),
  ...because('one executor serves all roles', 'A-245'),
  ...because('each helper has a deadline of its own (`jobSeconds`, Q-25)', 'N-32'),
]);

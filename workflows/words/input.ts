import type { BadField } from '../contracts/activities.ts';

// What is wrong with the input of a workflow, besides what its schema finds.

export const inputTooLarge = (size: { path: string; most: number; total: number; bytes: number }): BadField => ({
  path: size.path,
  expected: `expected a start input of at most ${size.most} bytes in all, found ${size.total}, ${size.bytes} of them here`,
});

export const onlyHandedOn = ({ path }: { path: string }): BadField => ({
  path,
  expected: 'expected nothing: only a workflow that continues as new has it',
});

export const otherWorkflowId = ({ expected }: { expected: string }): BadField => ({
  path: 'workflowId',
  expected: `expected ${expected}`,
});

export const resumeNamesNoRun = (): BadField => ({
  path: 'resume.of',
  expected: 'expected the execution to continue, as { "runId" }, found nothing',
});

export const resumeNotForPeople = ({ name }: { name: string }): BadField => ({
  path: `resume.${name.slice(0, 100)}`,
  expected: 'expected nothing: what was settled is read from the closed run that resume.of names',
});

/** `from`: the step that was named. None: all steps are settled. */
export const resumeFromNoStep = ({ steps, from }: { steps: number; from?: number | undefined }): BadField => ({
  path: 'resume.from',
  expected: `expected a step of the pipeline, 1 to ${steps}, found ${from ?? 'nothing: all of them are settled'}`,
});

// Inputs that a worker cannot read: the workflow task waits for a worker that can.

export const undecodable = ({ what }: { what: string }) => `${what} cannot be decoded: does this worker lack a codec?`;

export const writtenByNewerBuild = ({ fields }: { fields: string }) => `A newer build wrote this input: ${fields}`;

export const snapshotTooNew = ({ version }: { version: unknown }) =>
  `This build cannot read a snapshot of version ${String(version)}: a newer one can.`;

export const snapshotUnreadable = ({ fields }: { fields: string }) => `The snapshot cannot be read: ${fields}`;

import type { coresdk as Core } from '@temporalio/proto';
import type { Execution } from '../../support/sandbox.ts';

type Activation = Core.workflow_activation.IWorkflowActivation;
type Completion = Core.workflow_completion.IWorkflowActivationCompletion;
type Job = Core.workflow_activation.IWorkflowActivationJob;
type Command = Core.workflow_commands.IWorkflowCommand;

/** The events of one workflow task: scheduled, started, completed. */
const TASK = 3;

/** Counts the history events that a server would write for a run in the sandbox. */
export class Tape {
  events = 0;

  /** Counts from now on. */
  follow(run: Execution): void {
    const { vm } = run as unknown as { vm: { activate(activation: Activation): Promise<Completion> } };
    const activate = vm.activate.bind(vm);
    vm.activate = async (activation) => {
      const completion = await activate(activation);
      this.count(activation.jobs ?? [], completion.successful?.commands ?? []);
      return completion;
    };
  }

  private count(jobs: Job[], commands: Command[]): void {
    if (jobs.every(({ queryWorkflow }) => queryWorkflow)) return;
    this.events += TASK;
    for (const job of jobs) this.events += ofJob(job);
    for (const command of commands) this.events += ofCommand(command);
  }
}

/** The end of an activity is two events, because its start is written together with it. */
const ofJob = ({ resolveActivity, fireTimer, signalWorkflow }: Job): number =>
  resolveActivity ? (resolveActivity.isLocal ? 0 : 2) : fireTimer || signalWorkflow ? 1 : 0;

/** A local activity's only event is its marker; a patch writes a marker, and the attribute that lists patches. */
function ofCommand(command: Command): number {
  if (command.setPatchMarker) return 2;
  if (command.updateResponse || command.respondToQuery || command.requestCancelLocalActivity) return 0;
  return 1;
}

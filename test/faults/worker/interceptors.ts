import { inWorkflowContext, proxySinks, type Sinks, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** What the workflow code lets its worker know, before each answer goes to the server: where a fault may strike. */
export interface Watched extends Sinks {
  faults: {
    scheduled(activity: string): void;
    resolved(activity: string): void;
    /** A workflow task is about to be answered. */
    answering(): void;
  };
}

/** Bundled beside the workflow code. It tells, and changes no command: what it watched replays without it. */
export const interceptors: WorkflowInterceptorsFactory = () => {
  if (!inWorkflowContext()) return {};
  const { faults } = proxySinks<Watched>();
  return {
    outbound: [
      {
        async scheduleActivity(input, next) {
          faults.scheduled(input.activityType);
          const answer = await next(input);
          faults.resolved(input.activityType);
          return answer;
        },
        /** A look that the worker takes by itself, within its task. */
        async scheduleLocalActivity(input, next) {
          faults.scheduled(input.activityType);
          const answer = await next(input);
          faults.resolved(input.activityType);
          return answer;
        },
      },
    ],
    internals: [
      {
        activate(input, next) {
          next(input);
          const { jobs } = input.activation;
          if (jobs?.some(({ queryWorkflow, removeFromCache }) => !queryWorkflow && !removeFromCache))
            faults.answering();
        },
      },
    ],
  };
};

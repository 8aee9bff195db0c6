import { inWorkflowContext, proxySinks, type Sinks, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

/**
 * The calls by which the workflow code reports moments at which a fault may strike, before each answer goes to the server.
 */
export interface Watched extends Sinks {
  faults: {
    scheduled(activity: string): void;
    resolved(activity: string): void;
    /** A workflow task is about to be answered. */
    answering(): void;
  };
}

/**
 * Interceptors that are bundled with the workflow code. They change no command, so the histories replay without them.
 */
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
        /** A local activity, such as the inspection of the change. */
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

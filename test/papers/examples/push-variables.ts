import { z } from 'zod';

export const variables = {
  /** The address of the topic that `push` posts to. */
  GATEHOUSE_PUSH_URL: z.url({ error: 'an address' }).optional().meta({ secret: true }),
};

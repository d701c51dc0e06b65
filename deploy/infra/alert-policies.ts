import * as gcp from '@pulumi/gcp';
import type { Resource } from '@pulumi/pulumi';
import { alerts, minutes } from './alerts.ts';
import type { Context } from './context.ts';

/** Creates the alert policies, and tells the environment's addresses. `metrics` have to be there first. */
export function createAlertPolicies({ environment: { project, alertEmails }, options }: Context, metrics: readonly Resource[]): void {
  const channels = alertEmails.map(
    (email) =>
      new gcp.monitoring.NotificationChannel(
        `email-${email}`,
        { project, displayName: email, type: 'email', labels: { email_address: email } },
        options,
      ),
  );
  for (const { id, title, condition } of alerts) {
    const matchesLogs = condition.conditionMatchedLog !== undefined;
    new gcp.monitoring.AlertPolicy(
      `alert-${id}`,
      {
        project,
        displayName: `Kumiko: ${title}`,
        combiner: 'OR',
        conditions: [condition],
        notificationChannels: channels.map((channel) => channel.id),
        documentation: { mimeType: 'text/markdown', content: `docs/guides/operations.md, section "${title}"` },
        alertStrategy: {
          autoClose: minutes(60),
          // Log-based alerts need a limit, and others take none.
          ...(matchesLogs && { notificationRateLimit: { period: minutes(15) } }),
        },
      },
      // A policy on a metric that does not exist is refused.
      { dependsOn: [...metrics] },
    );
  }
}

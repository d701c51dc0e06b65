import { Server, ServerCredentials } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/** One series as the exporter for Google Cloud sends it. */
interface TimeSeries {
  readonly metric: { readonly type: string; readonly labels: Readonly<Record<string, string>> };
  readonly resource: { readonly type: string; readonly labels: Readonly<Record<string, string>> };
  readonly valueType: string;
}

/** Something that takes in what Cloud Monitoring takes in. */
export interface RunningCloudMonitoring {
  /** host:port, without TLS. */
  readonly address: string;
  /** Every series so far. */
  series(): readonly TimeSeries[];
  stop(): void;
}

/** Of google/monitoring/v3/metric_service.proto and what it uses, as much as is looked at. */
const schema = protobuf.parse(`
  syntax = "proto3";
  message CreateTimeSeriesRequest { string name = 3; repeated TimeSeries time_series = 2; }
  message TimeSeries { Metric metric = 1; MonitoredResource resource = 2; ValueType value_type = 4; }
  message Metric { string type = 3; map<string, string> labels = 2; }
  message MonitoredResource { string type = 1; map<string, string> labels = 2; }
  enum ValueType { VALUE_TYPE_UNSPECIFIED = 0; BOOL = 1; INT64 = 2; DOUBLE = 3; STRING = 4; DISTRIBUTION = 5; }
`).root;

/** Starts it on a free port. It keeps series and forgets descriptors. */
export async function startCloudMonitoring(): Promise<RunningCloudMonitoring> {
  const request = schema.lookupType('CreateTimeSeriesRequest');
  const received: TimeSeries[] = [];
  const bytes = (value: Buffer) => value;
  const method = (name: string) => ({
    path: `/google.monitoring.v3.MetricService/${name}`,
    requestStream: false,
    responseStream: false,
    requestDeserialize: bytes,
    requestSerialize: bytes,
    responseDeserialize: bytes,
    responseSerialize: bytes,
  });
  const server = new Server();
  server.addService(
    { createTimeSeries: method('CreateTimeSeries'), createMetricDescriptor: method('CreateMetricDescriptor') },
    {
      createTimeSeries: (call: { request: Buffer }, answer: (error: null, response: Buffer) => void) => {
        const { timeSeries } = request.toObject(request.decode(call.request), {
          enums: String,
          defaults: true,
          arrays: true,
          objects: true,
        });
        received.push(...(timeSeries as TimeSeries[]));
        answer(null, Buffer.alloc(0));
      },
      // Its answer is the descriptor.
      createMetricDescriptor: (_call: unknown, answer: (error: null, response: Buffer) => void) => answer(null, Buffer.alloc(0)),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { address: `127.0.0.1:${port}`, series: () => received, stop: () => server.forceShutdown() };
}

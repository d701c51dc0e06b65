import type { ResourceNames } from './resource-names.ts';

/** A service's first proto: one resource that anybody may read. As `buf format` writes it. */
export function serviceProto({ product, service, serviceType, resource, type, collection, words }: ResourceNames): string {
  return `// What the ${service} service offers.
syntax = "proto3";

package ${product}.${service}.v1;

import "buf/validate/validate.proto";
import "google/api/annotations.proto";
import "google/api/field_behavior.proto";
import "google/api/resource.proto";
import "google/protobuf/timestamp.proto";
import "kumiko/platform/v1/options.proto";

// To be written: whose API this is.
service ${serviceType} {
  // Returns a ${words}.
  rpc Get${type}(Get${type}Request) returns (${type}) {
    option (google.api.http) = {get: "/v1/{name=${collection}/*}"};
    option (kumiko.platform.v1.method) = {
      access: ACCESS_PUBLIC
      deadline: {seconds: 5}
    };
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}

// A ${words}.
message ${type} {
  option (google.api.resource) = {
    type: "${product}.example/${type}"
    pattern: "${collection}/{${resource.replaceAll('-', '_')}}"
  };
  // "${collection}/{${resource.replaceAll('-', '_')}}".
  string name = 1;
  // When it was created.
  google.protobuf.Timestamp create_time = 2;
}

// Which ${words}.
message Get${type}Request {
  // "${collection}/{${resource.replaceAll('-', '_')}}".
  string name = 1 [
    (google.api.field_behavior) = REQUIRED,
    (buf.validate.field).string.pattern = "^${collection}/[a-z0-9-]{1,64}$"
  ];
}
`;
}

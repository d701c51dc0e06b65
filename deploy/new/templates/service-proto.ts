import type { ResourceNames } from './resource-names.ts';

/** A service's first proto: one resource that anybody may read. As `buf format` writes it. */
export function serviceProto(names: ResourceNames): string {
  const { product, service, serviceType, resource, type, types, variable, collection, table, words } = names;
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
  // Lists every ${words}, newest first.
  rpc List${types}(List${types}Request) returns (List${types}Response) {
    option (google.api.http) = {get: "/v1/${collection}"};
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
    type: "${service}.${product}.example/${type}"
    pattern: "${collection}/{${resource.replaceAll('-', '_')}}"
    singular: "${variable}"
    plural: "${collection}"
  };
  // "${collection}/{${resource.replaceAll('-', '_')}}".
  string name = 1 [(google.api.field_behavior) = IDENTIFIER];
  // When it was created.
  google.protobuf.Timestamp create_time = 2 [(google.api.field_behavior) = OUTPUT_ONLY];
}

// Which ${words}.
message Get${type}Request {
  // "${collection}/{${resource.replaceAll('-', '_')}}".
  string name = 1 [
    (google.api.field_behavior) = REQUIRED,
    (google.api.resource_reference).type = "${service}.${product}.example/${type}",
    (buf.validate.field).string.pattern = "^${collection}/[a-z0-9-]{1,64}$"
  ];
}

// Which page.
message List${types}Request {
  // At most this many; 50 when 0, and 100 where it is more.
  int32 page_size = 1 [
    (google.api.field_behavior) = OPTIONAL,
    (buf.validate.field).int32.gte = 0
  ];
  // next_page_token of the page before, of a request that is the same otherwise.
  string page_token = 2 [
    (google.api.field_behavior) = OPTIONAL,
    (buf.validate.field).string.max_len = 512
  ];
}

// A page.
message List${types}Response {
  // The page.
  repeated ${type} ${table} = 1;
  // Empty on the last page.
  string next_page_token = 2;
}
`;
}

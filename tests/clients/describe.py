"""Reads an API by reflection alone, into a descriptor pool, as Python's tools do. Prints JSON: what was found of the method that is named.

describe.py HOST:PORT METHOD OPTION [HEADER VALUE]
"""
import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

target, method_name, option_name, *header = sys.argv[1:]


class WithHeader(grpc.UnaryUnaryClientInterceptor, grpc.StreamStreamClientInterceptor):
    def _details(self, details):
        return details._replace(metadata=[(header[0], header[1])])

    def intercept_unary_unary(self, call, details, request):
        return call(self._details(details), request)

    def intercept_stream_stream(self, call, details, requests):
        return call(self._details(details), requests)


channel = grpc.insecure_channel(target)
if header:
    channel = grpc.intercept_channel(channel, WithHeader())

database = ProtoReflectionDescriptorDatabase(channel)
pool = descriptor_pool.DescriptorPool(database)
method = pool.FindMethodByName(method_name)
numbers = list(database.FindAllExtensionNumbers("google.protobuf.MethodOptions"))

# The options as the served files define them.
for number in numbers:
    extendee = pool.FindMessageTypeByName("google.protobuf.MethodOptions")
    pool.FindExtensionByNumber(extendee, number)
options_class = message_factory.GetMessageClass(pool.FindMessageTypeByName("google.protobuf.MethodOptions"))
options = options_class.FromString(method.GetOptions().SerializeToString())
option = options.Extensions[pool.FindExtensionByName(option_name)]

print(
    json.dumps(
        {
            "services": sorted(database.get_services()),
            "input": {field.name: field.type for field in method.input_type.fields},
            "option": str(option),
            "health": health_pb2.HealthCheckResponse.ServingStatus.Name(
                health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest()).status
            ),
        }
    )
)

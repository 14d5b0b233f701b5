"""moto behind the gateway, used with boto3 as everything of the stack uses it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local.harness import raises, serving

KEYS = {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}
TYPES = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]


@pytest.fixture
async def stack():
    async with serving() as served:
        yield served


@pytest.fixture
async def table(stack):
    """A DynamoDB client with an empty table `things`."""
    client = stack.aws("dynamodb")
    await asyncio.to_thread(
        client.create_table,
        TableName="things",
        KeySchema=list(KEYS),
        AttributeDefinitions=TYPES,
        BillingMode="PAY_PER_REQUEST",
    )
    yield client
    await asyncio.to_thread(client.delete_table, TableName="things")
    client.close()


def query(client: Any, pk: str, **options: Any) -> list[str]:
    values = {":pk": {"S": pk}}
    found = client.query(
        TableName="things",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues=values,
        **options,
    )
    return [item["sk"]["S"] for item in found["Items"]]


def put(client: Any, pk: str, sk: str, **options: Any) -> None:
    client.put_item(TableName="things", Item={"pk": {"S": pk}, "sk": {"S": sk}}, **options)


async def test_dynamodb_puts_and_queries(table):
    for pk, sk in (("a", "2"), ("a", "1"), ("b", "3")):
        await asyncio.to_thread(put, table, pk, sk)
    assert await asyncio.to_thread(query, table, "a") == ["1", "2"]
    assert await asyncio.to_thread(query, table, "a", ScanIndexForward=False) == ["2", "1"]
    assert await asyncio.to_thread(query, table, "b", ConsistentRead=True) == ["3"]
    assert await asyncio.to_thread(query, table, "c") == []
    condition = {"ConditionExpression": "attribute_not_exists(pk)"}
    work = asyncio.to_thread(put, table, "a", "1", **condition)
    await raises("ConditionalCheckFailedException", work)


async def test_no_acknowledged_write_is_lost_between_concurrent_writers(table):
    key = {"pk": {"S": "counter"}, "sk": {"S": "0"}}

    def add(number):
        table.update_item(
            TableName="things",
            Key=key,
            UpdateExpression="ADD n :one, members :member",
            ExpressionAttributeValues={":one": {"N": "1"}, ":member": {"SS": [str(number)]}},
        )
        put(table, "rows", f"{number:03}")
        try:
            put(table, "race", str(number // 8), ConditionExpression="attribute_not_exists(pk)")
        except ClientError:
            return 0
        return 1

    def run():
        with ThreadPoolExecutor(8) as threads:
            return sum(threads.map(add, range(64)))

    assert await asyncio.to_thread(run) == 8
    found = await asyncio.to_thread(table.get_item, TableName="things", Key=key)
    assert found["Item"]["n"] == {"N": "64"}
    assert len(found["Item"]["members"]["SS"]) == 64
    assert len(await asyncio.to_thread(query, table, "rows")) == 64


async def test_s3_keeps_binary_bodies_keys_and_metadata(stack):
    client = stack.aws("s3")
    data = bytes(range(256)) * 8192

    def use():
        client.create_bucket(Bucket="zips")
        client.put_object(Bucket="zips", Key="a b/ü.zip", Body=data, Metadata={"my_key": "x"})
        head = client.head_object(Bucket="zips", Key="a b/ü.zip")
        with client.get_object(Bucket="zips", Key="a b/ü.zip")["Body"] as body:
            read = body.read()
        client.delete_object(Bucket="zips", Key="a b/ü.zip")
        client.delete_bucket(Bucket="zips")
        return head, read

    head, read = await asyncio.to_thread(use)
    assert (head["ContentLength"], head["Metadata"]) == (len(data), {"my_key": "x"})
    assert read == data
    client.close()


async def test_other_services_answer(stack):
    client = stack.aws("secretsmanager")

    def use():
        client.create_secret(Name="apps", SecretString="s")
        value = client.get_secret_value(SecretId="apps")["SecretString"]
        client.delete_secret(SecretId="apps", ForceDeleteWithoutRecovery=True)
        return value

    assert await asyncio.to_thread(use) == "s"
    client.close()


async def test_an_action_that_moto_lacks_is_not_worth_repeating(stack):
    client = stack.aws("cloudwatch")
    with pytest.raises(ClientError) as caught:
        await asyncio.to_thread(client.put_composite_alarm, AlarmName="x", AlarmRule="TRUE")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    client.close()


async def test_pages_of_a_query_meet_and_an_index_is_queried_too(stack):
    client = stack.aws("dynamodb")
    index = {"IndexName": "by-sk", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}]}

    def use():
        client.create_table(
            TableName="things",
            KeySchema=list(KEYS),
            AttributeDefinitions=TYPES,
            BillingMode="PAY_PER_REQUEST",
            GlobalSecondaryIndexes=[index | {"Projection": {"ProjectionType": "ALL"}}],
        )
        for pk in ("a", "b"):
            for sk in range(5):
                put(client, pk, str(sk))
        pages = client.get_paginator("query").paginate(
            TableName="things",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "a"}},
            PaginationConfig={"PageSize": 2},
        )
        rows = [item["sk"]["S"] for page in pages for item in page["Items"]]
        found = client.query(
            TableName="things",
            IndexName="by-sk",
            KeyConditionExpression="sk = :sk",
            ExpressionAttributeValues={":sk": {"S": "3"}},
        )
        client.delete_table(TableName="things")
        return rows, sorted(item["pk"]["S"] for item in found["Items"])

    assert await asyncio.to_thread(use) == (["0", "1", "2", "3", "4"], ["a", "b"])
    client.close()

"""What the OCI SDK for Python meets on the embedded OCI, a function a test of python-sdk.test.ts.

Usage: python3 python-sdk-judge.py FUNCTION < SETTING (JSON); prints what it saw as JSON.
"""

import datetime
import hashlib
import json
import os
import sys
import urllib.error
import urllib.request

import oci
from oci._vendor import requests
from oci.pagination import list_call_get_all_results

SETTING = json.load(sys.stdin)
HUB, OTHER = SETTING["regions"]
ENDPOINTS = SETTING["endpoints"]
COMPARTMENT = SETTING["compartmentId"]
NAMESPACE = SETTING["namespace"]
FOLDER = SETTING["folder"]
CONFIG = oci.config.from_file(SETTING["configFile"])
SOON = {"max_interval_seconds": 1, "max_wait_seconds": 60}


def client(kind, region=HUB):
    """One attempt a call: a judge wants the first answer."""
    return kind(CONFIG, service_endpoint=ENDPOINTS[region], retry_strategy=oci.retry.NoneRetryStrategy())


def storage(region=HUB):
    return client(oci.object_storage.ObjectStorageClient, region)


def compute():
    return client(oci.core.ComputeClient)


def composite():
    work_requests = client(oci.work_requests.WorkRequestClient)
    return oci.core.ComputeClientCompositeOperations(compute(), work_request_client=work_requests)


def refusal(call, *args, **kwargs):
    """The status and the code of the error that a call raises."""
    try:
        call(*args, **kwargs)
    except oci.exceptions.ServiceError as error:
        return [error.status, error.code]
    return "no error"


def make_bucket(name, region=HUB, **more):
    details = oci.object_storage.models.CreateBucketDetails(name=name, compartment_id=COMPARTMENT, **more)
    return storage(region).create_bucket(NAMESPACE, details).data


def sha256(chunks):
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def random_file(name, length):
    path = os.path.join(FOLDER, name)
    with open(path, "wb") as file:
        file.write(os.urandom(length))
    return path


def uploads():
    """UploadManager in parallel parts, a stream of unknown length, and what comes back of them."""
    make_bucket("uploads")
    path = random_file("upload", 23_000_000)
    progress = []
    manager = oci.object_storage.UploadManager(storage(), parallel_process_count=3)
    manager.upload_file(
        NAMESPACE, "uploads", "parts", path,
        part_size=5 * 1024 * 1024, progress_callback=progress.append, metadata={"kind": "Disk"},
    )
    with open(path, "rb") as stream:
        manager.upload_stream(NAMESPACE, "uploads", "stream", stream, part_size=10 * 1024 * 1024)
    with open(path, "rb") as stream:
        content = stream.read()
    read = lambda name, **more: storage().get_object(NAMESPACE, "uploads", name, **more)
    head = storage().head_object(NAMESPACE, "uploads", "parts").headers
    part = read("parts", range="bytes=5242870-5242889")
    return {
        "progress": sum(progress) == len(content) and len(progress) > 1,
        "whole": [sha256(read(name).data.raw.stream(65536)) == sha256([content]) for name in ("parts", "stream")],
        "range": [part.status, part.headers["content-range"], part.data.content == content[5242870:5242890]],
        "metadata": head["opc-meta-kind"],
        "parts": head["opc-multipart-md5"].rpartition("-")[2],
    }


def unfinished_upload():
    """An upload in parts that is resumed from what the service lists, and one that is given up."""
    make_bucket("unfinished")
    make = lambda name: storage().create_multipart_upload(
        NAMESPACE, "unfinished", oci.object_storage.models.CreateMultipartUploadDetails(object=name)
    ).data.upload_id
    first, second = make("resumed"), make("given up")
    storage().upload_part(NAMESPACE, "unfinished", "resumed", first, 1, b"a" * 100)
    listed = list_call_get_all_results(storage().list_multipart_uploads, NAMESPACE, "unfinished", limit=1).data
    manager = oci.object_storage.UploadManager(storage(), allow_parallel_uploads=False)
    path = os.path.join(FOLDER, "resumed")
    with open(path, "wb") as file:
        file.write(b"a" * 100 + b"b" * 50)
    manager.resume_upload_file(NAMESPACE, "unfinished", "resumed", path, first, part_size=100)
    storage().abort_multipart_upload(NAMESPACE, "unfinished", "given up", second)
    left = storage().list_multipart_uploads(NAMESPACE, "unfinished").data
    return {
        "listed": sorted(upload.object for upload in listed),
        "content": storage().get_object(NAMESPACE, "unfinished", "resumed").data.text == "a" * 100 + "b" * 50,
        "left": len(left),
    }


def pages():
    """The helpers that follow every page: by page token, and by the last name for objects."""
    for number in range(5):
        make_bucket(f"page-{number}")
        storage().put_object(NAMESPACE, "page-0", f"folder/{number}", b"x" * number)
    buckets = list_call_get_all_results(storage().list_buckets, NAMESPACE, COMPARTMENT, limit=2).data
    objects = list_call_get_all_results(storage().list_objects, NAMESPACE, "page-0", limit=2, fields="name,size").data
    return {
        "buckets": [bucket.name for bucket in buckets if bucket.name.startswith("page-")],
        "objects": [[entry.name, entry.size] for entry in objects.objects],
    }


def names():
    """Objects by any name: written, listed, headed, renamed, read and deleted. Answers what was lost on the way."""
    make_bucket("names")
    given = SETTING["names"]
    for name in given:
        storage().put_object(NAMESPACE, "names", name, name.encode())
    listed = [entry.name for entry in storage().list_objects(NAMESPACE, "names").data.objects]
    wrong = []
    for name in given:
        length = storage().head_object(NAMESPACE, "names", name).headers["content-length"]
        rename = oci.object_storage.models.RenameObjectDetails(source_name=name, new_name=f"new {name}")
        storage().rename_object(NAMESPACE, "names", rename)
        content = storage().get_object(NAMESPACE, "names", f"new {name}").data.content
        if content != name.encode() or int(length) != len(content):
            wrong.append(name)
        storage().delete_object(NAMESPACE, "names", f"new {name}")
    left = [entry.name for entry in storage().list_objects(NAMESPACE, "names").data.objects]
    return {"listed": sorted(listed) == sorted(given), "wrong": wrong, "left": left}


def status_of(url, **more):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, **more)) as response:
            return [response.status, response.read().decode()]
    except urllib.error.HTTPError as error:
        return error.code


def pars():
    """Pre-authenticated requests, used by a client that knows nothing of OCI."""
    make_bucket("shared")
    storage().put_object(NAMESPACE, "shared", "déjà vu & more.txt", b"shared content")

    def make(name, access_type, object_name):
        details = oci.object_storage.models.CreatePreauthenticatedRequestDetails(
            name=name, access_type=access_type, object_name=object_name,
            time_expires=datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1),
        )
        return storage().create_preauthenticated_request(NAMESPACE, "shared", details).data

    reads, writes = make("r", "ObjectRead", "déjà vu & more.txt"), make("w", "ObjectWrite", "new.txt")
    url, write_url = (ENDPOINTS[HUB] + par.access_uri for par in (reads, writes))
    seen = {
        "read": status_of(url),
        "range": status_of(url, headers={"range": "bytes=0-5"}),
        "write by a reader": status_of(url, data=b"x", method="PUT"),
        "write": status_of(write_url, data=b"by PAR", method="PUT"),
        "read by a writer": status_of(write_url),
        "written": storage().get_object(NAMESPACE, "shared", "new.txt").data.text,
    }
    listed = list_call_get_all_results(storage().list_preauthenticated_requests, NAMESPACE, "shared", limit=1).data
    seen["listed"] = sorted(par.name for par in listed)
    seen["another's"] = status_of(url.replace("more.txt", "less.txt"))
    storage().delete_preauthenticated_request(NAMESPACE, "shared", reads.id)
    seen["deleted"] = status_of(url)
    return seen


def copy():
    """A copy to another region, refused until the policy is there, followed by the composite operation."""
    make_bucket("from")
    make_bucket("to", OTHER)
    storage().put_object(NAMESPACE, "from", "disk", b"content", opc_meta={"colour": "blue"})
    details = oci.object_storage.models.CopyObjectDetails(
        source_object_name="disk", destination_region=OTHER, destination_namespace=NAMESPACE,
        destination_bucket="to", destination_object_name="copy", destination_object_if_none_match_e_tag="*",
    )
    identity = client(oci.identity.IdentityClient)
    for policy in identity.list_policies(CONFIG["tenancy"]).data:
        identity.delete_policy(policy.id)
    refused = refusal(storage().copy_object, NAMESPACE, "from", details)
    identity.create_policy(oci.identity.models.CreatePolicyDetails(
        compartment_id=CONFIG["tenancy"], name="copies", description="copies between regions",
        statements=[f"Allow service objectstorage-{HUB} to manage object-family in tenancy"],
    ))
    operations = oci.object_storage.ObjectStorageClientCompositeOperations(storage())
    work = operations.copy_object_and_wait_for_state(
        NAMESPACE, "from", details, wait_for_states=["COMPLETED", "FAILED"], waiter_kwargs=SOON
    ).data
    again = operations.copy_object_and_wait_for_state(
        NAMESPACE, "from", details, wait_for_states=["COMPLETED", "FAILED"], waiter_kwargs=SOON
    ).data
    arrived = storage(OTHER).get_object(NAMESPACE, "to", "copy")
    return {
        "refused": refused,
        "ended": [work.operation_type, work.status, work.percent_complete],
        "arrived": [arrived.data.text, arrived.headers["opc-meta-colour"]],
        "again": [again.status, len(storage().list_work_request_errors(again.id).data)],
    }


def create_image_details(name, **more):
    source = oci.core.models.ImageSourceViaObjectStorageTupleDetails(
        source_type="objectStorageTuple", namespace_name=NAMESPACE, bucket_name="images",
        object_name="disk.qcow2", source_image_type="QCOW2",
    )
    return oci.core.models.CreateImageDetails(
        compartment_id=COMPARTMENT, display_name=name, image_source_details=source, **more
    )


def images():
    """Imports, an export, an update and a deletion by the composite operations, and what is refused."""
    make_bucket("images")
    with open(SETTING["disk"], "rb") as disk:
        storage().put_object(NAMESPACE, "images", "disk.qcow2", disk)
    image = composite().create_image_and_wait_for_state(
        create_image_details("python-one", launch_mode="PARAVIRTUALIZED", freeform_tags={"by": "python"}),
        ["AVAILABLE"], waiter_kwargs=SOON,
    ).data
    token = {"operation_kwargs": {"opc_retry_token": "the same"}, "waiter_kwargs": SOON}
    works = [
        composite().create_image_and_wait_for_work_request(create_image_details("python-two"), **token).data
        for _ in range(2)
    ]
    [second] = [resource.identifier for resource in works[0].resources if resource.entity_type == "image"]
    export = oci.core.models.ExportImageViaObjectStorageTupleDetails(
        destination_type="objectStorageTuple", namespace_name=NAMESPACE, bucket_name="images",
        object_name="exported.oci", export_format="OCI",
    )
    busy = compute().export_image(image.id, export)
    conflict = refusal(compute().export_image, image.id, export)
    exported = oci.wait_until(
        client(oci.work_requests.WorkRequestClient),
        client(oci.work_requests.WorkRequestClient).get_work_request(busy.headers["opc-work-request-id"]),
        "status", "SUCCEEDED", **SOON,
    ).data
    listed = list_call_get_all_results(compute().list_images, COMPARTMENT, limit=1).data
    rename = oci.core.models.UpdateImageDetails(display_name="python-renamed")
    stale = refusal(compute().update_image, image.id, rename, if_match="stale")
    renamed = composite().update_image_and_wait_for_state(
        image.id, rename, ["AVAILABLE"],
        operation_kwargs={"if_match": compute().get_image(image.id).headers["etag"]}, waiter_kwargs=SOON,
    ).data
    composite().delete_image_and_wait_for_state(second, ["DELETED"], waiter_kwargs=SOON)
    return {
        "image": [image.display_name, image.launch_mode, image.launch_options.firmware, image.freeform_tags],
        "works": [[work.status, work.percent_complete] for work in works],
        "same work": works[0].id == works[1].id,
        "exported": exported.status,
        "archive": int(storage().head_object(NAMESPACE, "images", "exported.oci").headers["content-length"]) > 0,
        "listed": sorted(item.display_name for item in listed if item.display_name.startswith("python-")),
        "renamed": renamed.display_name,
        "deleted": compute().get_image(second).data.lifecycle_state,
        "refused": {
            "exporting": conflict,
            "stale": stale,
            "unknown": refusal(compute().get_image, image.id[:-4] + "none"),
        },
    }


def rules():
    """Event rules: made, changed, listed by pages, deleted."""
    events = client(oci.events.EventsClient)
    models = oci.events.models
    action = models.CreateFaaSActionDetails(
        action_type="FAAS", is_enabled=True, function_id=SETTING["functionIds"]["advance-runs"]
    )

    def make(name):
        return events.create_rule(models.CreateRuleDetails(
            display_name=name, is_enabled=False, compartment_id=COMPARTMENT,
            condition=json.dumps({"eventType": "com.oraclecloud.objectstorage.*", "data": {"resourceName": ["*.vmdk", "a"]}}),
            actions=models.ActionDetailsList(actions=[action]),
        )).data

    first, second = make("python-1"), make("python-2")
    changed = events.update_rule(first.id, models.UpdateRuleDetails(description="changed")).data
    listed = list_call_get_all_results(events.list_rules, COMPARTMENT, limit=1).data
    invalid = refusal(events.update_rule, first.id, models.UpdateRuleDetails(condition="{not JSON"))
    got = oci.wait_until(events, events.get_rule(second.id), "lifecycle_state", "INACTIVE", **SOON).data
    for rule in (first, second):
        events.delete_rule(rule.id)
    return {
        "changed": [changed.description, changed.display_name],
        "listed": sorted(rule.display_name for rule in listed),
        "action": [got.actions.actions[0].action_type, got.actions.actions[0].function_id],
        "invalid": invalid,
        "left": sorted(rule.display_name for rule in events.list_rules(COMPARTMENT).data),
    }


def functions():
    """A synchronous call, a detached one, and one of a function that is not there."""
    invoker = client(oci.functions.FunctionsInvokeClient)
    function = SETTING["functionIds"]["import-image"]
    # Bytes: of text beyond ASCII the SDK signs UTF-8 and announces the number of its characters.
    body = '{"hello":"wörld"}'.encode()
    call = lambda **more: invoker.invoke_function(function, invoke_function_body=body, **more)
    return {
        "sync": json.loads(call().data.text),
        "detached": call(fn_invoke_type="detached").status,
        "unknown": refusal(invoker.invoke_function, function[:-4] + "none"),
    }


def errors():
    """The status and code that programs branch on."""
    bucket = make_bucket("errors")
    put = lambda **more: storage().put_object(NAMESPACE, "errors", "object", b"content", **more)
    etag = put().headers["etag"]
    get = lambda name="object", bucket="errors", **more: storage().get_object(NAMESPACE, bucket, name, **more)
    return {
        "no object": refusal(get, "none"),
        "no bucket": refusal(get, bucket="none"),
        "another ETag": refusal(put, if_match="another"),
        "already there": refusal(put, if_none_match="*"),
        "unchanged": refusal(get, if_none_match=etag)[0],
        "beyond the end": refusal(get, range="bytes=7-")[0],
        "wrong MD5": refusal(put, content_md5="AAAAAAAAAAAAAAAAAAAAAA=="),
        "bucket exists": refusal(make_bucket, bucket.name),
        "bucket is full": refusal(storage().delete_bucket, NAMESPACE, "errors"),
        "no work request": refusal(client(oci.work_requests.WorkRequestClient).get_work_request, "ocid1.none"),
    }


def signatures():
    """Requests that the SDK's signer signed, and what was done to them afterwards."""
    url = f"{ENDPOINTS[HUB]}/n/{NAMESPACE}/b"
    signer = oci.Signer.from_config(CONFIG)
    now = datetime.datetime.now(datetime.timezone.utc)

    def send(method="GET", auth=signer, change=lambda request: None, date=now, **more):
        headers = {"date": date.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        request = requests.Request(method, url, auth=auth, headers=headers, **more).prepare()
        change(request)
        answer = requests.Session().send(request)
        return [answer.status_code, answer.json()["code"] if answer.status_code >= 400 else "-"]

    def tampered(request):
        request.body = request.body.replace("signed", "forged")

    def without(name):
        return lambda request: request.headers.pop(name)

    body = json.dumps({"name": "signed", "compartmentId": COMPARTMENT})
    query = {"compartmentId": COMPARTMENT}
    stranger = oci.Signer(CONFIG["tenancy"], CONFIG["user"], CONFIG["fingerprint"], SETTING["strangersKey"])
    unknown = oci.Signer(CONFIG["tenancy"], CONFIG["user"], "00:11", CONFIG["key_file"])
    return {
        "as signed": send(params=query),
        "another's key": send(params=query, auth=stranger),
        "an unknown fingerprint": send(params=query, auth=unknown),
        "signed an hour ago": send(params=query, date=now - datetime.timedelta(hours=1)),
        "a tampered body": send("POST", data=body, change=tampered),
        "another path": send(params=query, change=lambda request: setattr(request, "url", request.url + "&limit=1")),
        "no authorization": send(params=query, change=without("authorization")),
        "no date": send(params=query, change=without("date")),
        "no digest": send("POST", data=body, change=without("x-content-sha256")),
    }


def drop():
    """The main job: a disk dropped into the bucket, the image it becomes, the run's verdict in its tags."""
    manager = oci.object_storage.UploadManager(storage())
    manager.upload_file(
        NAMESPACE, SETTING["dropBucket"], "from/python.qcow2", SETTING["disk"],
        part_size=100_000, metadata={"byoi-launch-mode": "EMULATED"},
    )
    of_name = lambda: compute().list_images(COMPARTMENT, display_name="python")
    listed = oci.wait_until(compute(), of_name(), evaluate_response=lambda answer: len(answer.data) == 1,
                            fetch_func=lambda response: of_name(), **SOON)
    image = oci.wait_until(compute(), compute().get_image(listed.data[0].id), "lifecycle_state", "AVAILABLE", **SOON).data
    # The run fills the list once the image is there.
    of_image = lambda: compute().list_image_shape_compatibility_entries(image.id)
    oci.wait_until(compute(), of_image(), evaluate_response=lambda answer: len(answer.data) > 0,
                   fetch_func=lambda response: of_image(), **SOON)
    shapes = list_call_get_all_results(compute().list_image_shape_compatibility_entries, image.id).data
    return {
        "image": [image.launch_mode, image.launch_options.network_type],
        "tags": image.freeform_tags,
        "shapes": "VM.Standard.E4.Flex" in [entry.shape for entry in shapes],
    }


print(json.dumps(globals()[sys.argv[1]]()))

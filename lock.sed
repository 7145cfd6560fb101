# What `make lock` changes in uv's answer: build tags go, reasons come.
# what a CUDA build of torch brings goes, whichever build was resolved: torch itself pins it
:drop
/^\(nvidia-\|cuda-\|triton==\)/{
:next
N
s/^.*\n//
/^ /b next
b drop
}
s/^\(torch==.*\)+cpu$/\1/
/^fastapi==/a\    # held below 0.151: from 0.154 on every flow of prefect 3.8 dies with Body(min_items=)
/^icrawler==/a\    # exact: the development branch has its HTTP status test the wrong way round
/^mlflow==/a\    # held below 3.18, which does not install yet; above 3.15 for its pickle switch
/^pillow==/a\    # at least 12.3: CVE-2026-59199, an out-of-bounds write when a large box is cropped
/^prefect==/a\    # held below 3.9, which does not install yet
/^sqlalchemy==/a\    # held below 2.1, on which prefect 3.8 and mlflow 3.17 log database errors
/^torch==/a\    # exact, with torchvision; without a build tag, so that any build serves. The CUDA\n    # packages of a CUDA build are pinned by torch itself and are left out on purpose
/^torchvision==/a\    # exact: built for this torch; a CUDA build beside a CPU torch is mended in network/model_zoo.py

# The two commands in a container, without a GPU:
#   docker build -t cnn-studies .
#   docker run -it -v "$PWD/out:/work/out" cnn-studies                      # the first study; its results stay in out/
#   docker run -it -v "$PWD/out:/work/out" cnn-studies tables --study vgg_bn_vs_nobn
FROM python:3.12-slim
ENV PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1
WORKDIR /work/cnn-studies
RUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*
RUN pip install torch torchvision --index-url https://download.pytorch.org/whl/cpu
COPY . .
RUN pip install '.[ui]'
WORKDIR /work/out
ENTRYPOINT ["cnn-studies"]
CMD ["run", "vgg_bn_vs_nobn"]

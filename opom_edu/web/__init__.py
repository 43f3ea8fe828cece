"""The course without a kernel: networks as ONNX, people as JPEG, and pages whose labs learn masks in the browser.

:mod:`networks` (recognizers and their gradient steps as ONNX), :mod:`site` (the folder that a web server shows),
:mod:`book` (the chapters). The pages' scripts lie beside; ``opom.js`` holds the method.
"""

"""Reads the annotation formats of drawing tools into raw boxes; one module a family of tools.

    detect        detects the annotation format by the contents
    raw_box       a box as a tool wrote it, and the shapes that tools write
    documents     opens JSON and XML files, bounded in bytes and depth
    plain_csv     tables of corners and of x,y,w,h, Open Images
    via           VGG Image Annotator, as CSV and JSON
    label_studio  Label Studio, as CSV and JSON
    coco          COCO
    datumaro      Datumaro
    picture_lists CreateML, VoTT and Vertex AI
    labelme       labelme
    supervisely   Supervisely
    voc           Pascal VOC
    cvat          CVAT for images
    yolo          YOLO

docs/pictures.md says what of each format is read. x runs to the right and y down from the top left
corner of the upright picture; pixels count from 0.
"""
